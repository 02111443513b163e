//! Uploads by the program itself against emulators of the clouds: moto (EC2, EBS), Azurite (blobs), a storage emulator
//! (Cloud Storage), Glance itself; and servers of ours with the providers' documented answers where none of them
//! covers a call.

mod azure;
mod build;
mod ec2;
mod ec2_lost;
mod emulators;
mod faults;
mod gce;
mod openstack;
mod run;
mod server;
