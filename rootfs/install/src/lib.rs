//! Installs Keelson on a disk.
