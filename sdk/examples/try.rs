//! try
use keelson_sdk::*;
use std::time::Instant;
fn main() {
    let a: Vec<String> = std::env::args().skip(1).collect();
    let lockfile = std::path::PathBuf::from(&a[1]);
    let flag = |f: &str| a.iter().any(|x| x == f);
    let val = |f: &str| a.iter().position(|x| x == f).map(|i| a[i + 1].clone());
    let v = |s: &str| -> Vec<String> { s.split_whitespace().map(str::to_owned).collect() };
    let sdk = Sdk::open(Options {
        cache: val("--cache").map(Into::into).unwrap_or_else(|| Options::default_cache().unwrap()),
        mirror: val("--mirror"),
        offline: flag("--offline"),
        locked: flag("--locked"),
        progress: Progress::auto(),
    });
    let sdk = match sdk {
        Ok(s) => s,
        Err(e) => {
            eprintln!("error: {e}");
            std::process::exit(1)
        }
    };
    let req = Request {
        image: v(&val("--image").unwrap_or("containerd runc containernetworking-plugins e2fsprogs openssh-server openssh-client ca-certificates nftables iptables linux-image-amd64 systemd-boot-efi libc6".into())),
        tools: v(&val("--tools").unwrap_or("erofs-utils qemu-system-x86 qemu-utils ovmf gdisk fdisk dosfstools mtools cryptsetup-bin systemd-ukify systemd-boot-efi sbsigntool e2fsprogs kmod swtpm python3-pefile openssl".into())),
    };
    let t = Instant::now();
    let run = || -> Result<()> {
        match a[0].as_str() {
            "resolve" => {
                std::fs::write(&lockfile, sdk.resolve(&req)?.to_toml()).unwrap();
            }
            "provide" => {
                let text = std::fs::read_to_string(&lockfile)
                    .unwrap_or_else(|_| "schema = 1\nsuite = \"trixie\"\n".into());
                let lock = Lock::parse(&text, a[1].as_str())?;
                let p = sdk.provide(&lock, &req)?;
                println!(
                    "{} packages, {} tools pins, same lock: {}",
                    p.packages.len(),
                    p.lock.tools.len(),
                    p.lock == lock
                );
            }
            "verify" => {
                println!(
                    "{:?}",
                    sdk.verify(&Lock::parse(&std::fs::read_to_string(&lockfile).unwrap(), "l")?)?
                );
            }
            "run" => {
                let lock =
                    Lock::parse(&std::fs::read_to_string(&lockfile).unwrap(), a[1].as_str())?;
                let tools = sdk.tools(&lock, &req.tools)?;
                let i = a.iter().position(|x| x == "--").unwrap();
                let s = tools.command(&a[i + 1])?.args(&a[i + 2..]).status().unwrap();
                println!("-> {s}");
            }
            "crate" => println!(
                "{:?}",
                sdk.build_crate(&cargo::CrateProgram {
                    name: val("--name").unwrap(),
                    version: val("--version").unwrap(),
                    features: val("--features").map(|f| v(&f)).unwrap_or_default(),
                    default_features: false,
                    binaries: v(&val("--bin").unwrap())
                })?
            ),
            "workspace" => println!(
                "{:?}",
                sdk.build_workspace(
                    a[2].as_ref(),
                    &[cargo::WorkspaceProgram { package: a[3].clone(), binary: a[4].clone() }],
                    a[5].as_ref()
                )?
            ),
            _ => panic!(),
        }
        Ok(())
    };
    if let Err(e) = run() {
        eprintln!("error: {e}");
        let mut s = std::error::Error::source(&e);
        while let Some(x) = s {
            eprintln!("  caused by: {x}");
            s = x.source();
        }
        std::process::exit(1)
    }
    eprintln!("took {:.3} s", t.elapsed().as_secs_f64());
}
