//! From a lock and a request to packages and tools that are there: what is missing is fetched, what has
//! left the archive is replaced, and the lock that was really used is given back.

use std::collections::{BTreeMap, BTreeSet};

use crate::apt::Apt;
use crate::digest::Digest;
use crate::index::Index;
use crate::lock::{Lock, Pin, closure};
use crate::store::{Package, Pins, Store};
use crate::tools::Tools;
use crate::{Error, Result, SUITE, Sdk, resolve};

/// Package names that are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Packages whose files may enter an image; their libraries come along.
    pub image: Vec<String>,
    /// Packages of tools; all they depend on comes along.
    pub tools: Vec<String>,
}

/// What a request gives.
#[derive(Debug)]
pub struct Provided {
    /// The lock that was really used: the one given, with the pins moved that had to be.
    pub lock: Lock,
    /// The image's packages, by name.
    pub packages: Vec<Package>,
    /// The tools; none if none were asked for.
    pub tools: Option<Tools>,
}

impl Sdk {
    /// Pins what the archive gives today for a request.
    pub fn resolve(&self, request: &Request) -> Result<Lock> {
        if self.options.offline {
            return Err(Error::OfflineLists);
        }
        let _held = self.cache.lock("apt", &self.options.progress)?;
        let apt = self.apt(SUITE)?;
        let index = self.lists(&apt)?;
        Ok(Lock {
            suite: SUITE.to_owned(),
            image: resolve::image(&index, &request.image)?,
            tools: tool_pins(&apt, &index, &request.tools)?,
        })
    }

    /// Gives the packages and tools of a request, by the lock. With everything in the cache no program
    /// is run and nothing is fetched.
    pub fn provide(&self, lock: &Lock, request: &Request) -> Result<Provided> {
        if let Some(provided) = self.cached(lock, request)? {
            return Ok(provided);
        }
        let used = self.fetch(lock, request)?;
        match self.cached(&used, request)? {
            Some(provided) => Ok(provided),
            None => Err(Error::Io(std::io::Error::other(
                "packages that were just fetched are missing from the cache: is another program changing it?",
            ))),
        }
    }

    /// The tools of a request alone.
    pub fn tools(&self, lock: &Lock, names: &[String]) -> Result<Tools> {
        let request = Request { image: Vec::new(), tools: names.to_vec() };
        let provided = self.provide(lock, &request)?;
        match provided.tools {
            Some(tools) => Ok(tools),
            None => Ok(Tools::compose(&self.cache, &[], &self.options.progress)?),
        }
    }

    /// Reads every byte of the lock's packages in the cache; damaged ones are removed, so that the next
    /// build fetches them again. Gives their names and those that were not there.
    pub fn verify(&self, lock: &Lock) -> Result<Vec<String>> {
        let pins: BTreeMap<Digest, (&String, &Pin)> = lock
            .image
            .iter()
            .chain(&lock.tools)
            .map(|(name, pin)| (pin.sha256, (name, pin)))
            .collect();
        let meter = self
            .options
            .progress
            .items(format!("verifying {} packages", pins.len()), pins.len() as u64);
        let store = Store::new(&self.cache);
        let mut missing = Vec::new();
        for (name, pin) in pins.into_values() {
            if !store.verify(name, pin)? {
                missing.push(name.clone());
            }
            meter.add(1);
        }
        Ok(missing)
    }

    /// The request from the cache alone; none if anything is missing or damaged.
    fn cached(&self, lock: &Lock, request: &Request) -> Result<Option<Provided>> {
        let (image, image_absent) = closure(&lock.image, &request.image);
        let (tools, tools_absent) = closure(&lock.tools, &request.tools);
        if !image_absent.is_empty() || !tools_absent.is_empty() {
            return Ok(None);
        }
        let store = Store::new(&self.cache);
        let load = |(name, pin): (&&str, &&Pin)| store.load(name, pin);
        let Some(packages) = image.iter().map(load).collect::<Option<Vec<_>>>() else {
            return Ok(None);
        };
        for Package { name, version, control, .. } in &packages {
            if (name, version) != (&control.package, &control.version) {
                return Err(Error::Mislabelled {
                    pinned: format!("{name} {version}"),
                    found: format!("{} {}", control.package, control.version),
                });
            }
        }
        let composed = if tools.is_empty() {
            None
        } else if let Some(composed) = Tools::open(&self.cache, &tools) {
            Some(composed)
        } else {
            let Some(parts) = tools.iter().map(load).collect::<Option<Vec<_>>>() else {
                return Ok(None);
            };
            Some(Tools::compose(&self.cache, &parts, &self.options.progress)?)
        };
        Ok(Some(Provided { lock: lock.clone(), packages, tools: composed }))
    }

    /// Brings what is missing into the cache; gives the lock with the pins moved that had to be.
    fn fetch(&self, lock: &Lock, request: &Request) -> Result<Lock> {
        let progress = &self.options.progress;
        // One build at a time fetches; the one that waited looks again before it does.
        let _held = self.cache.lock("apt", &self.options.progress)?;
        let store = Store::new(&self.cache);
        let mut wanted = Wanted::of(lock, request, &store);
        wanted.absent = store.mend(wanted.absent, progress)?;
        if wanted.unknown.is_empty() && wanted.absent.is_empty() {
            return Ok(lock.clone());
        }
        if self.options.offline {
            let pinned = wanted.absent.into_values().map(|(name, _)| name);
            let names: BTreeSet<String> = pinned.chain(wanted.unknown).collect();
            return Err(Error::Offline(names.into_iter().collect()));
        }
        if self.options.locked && !wanted.unknown.is_empty() {
            let lines = wanted.unknown.iter().map(|name| format!("{name} is not in the lock"));
            return Err(Error::Locked(lines.collect()));
        }
        let apt = self.apt(&lock.suite)?;
        let index = self.lists(&apt)?;
        let used = self.settle(lock, request, &wanted, &apt, &index)?;
        let absent = Wanted::of(&used, request, &store).absent;
        self.download(&absent, &apt)?;
        Ok(used)
    }

    /// The lock with every pin that cannot be had moved to what the archive has.
    fn settle(
        &self,
        lock: &Lock,
        request: &Request,
        wanted: &Wanted,
        apt: &Apt,
        index: &Index,
    ) -> Result<Lock> {
        let mut gone = BTreeSet::new();
        for (name, pin) in wanted.absent.values() {
            if !resolve::in_archive(index, name, pin)? {
                gone.insert(pin.sha256);
            }
        }
        if gone.is_empty() && wanted.unknown.is_empty() {
            return Ok(lock.clone());
        }
        let obtainable = |section: &BTreeMap<String, Pin>| -> BTreeSet<String> {
            let kept = section.iter().filter(|(_, pin)| !gone.contains(&pin.sha256));
            kept.map(|(name, _)| name.clone()).collect()
        };
        let (image, mut moved) = resolve::merge(
            &lock.image,
            resolve::image(index, &request.image)?,
            &obtainable(&lock.image),
        );
        let (tools, more) = resolve::merge(
            &lock.tools,
            tool_pins(apt, index, &request.tools)?,
            &obtainable(&lock.tools),
        );
        moved.extend(more);
        moved.sort();
        moved.dedup();
        if self.options.locked {
            return Err(Error::Locked(moved));
        }
        for sentence in moved {
            self.options.progress.warn(sentence);
        }
        Ok(Lock { suite: lock.suite.clone(), image, tools })
    }

    fn download(&self, pins: &Pins, apt: &Apt) -> Result<()> {
        if pins.is_empty() {
            return Ok(());
        }
        let scratch = self.cache.scratch()?;
        let packages: Vec<(String, String)> =
            pins.values().map(|(name, pin)| (name.clone(), pin.version.clone())).collect();
        let total = pins.values().map(|(_, pin)| pin.size).sum();
        apt.download(&packages, total, scratch.path(), &self.options.progress)?;
        Ok(Store::new(&self.cache).add(pins, scratch.path(), &self.options.progress)?)
    }

    fn apt(&self, suite: &str) -> Result<Apt> {
        Ok(Apt::open(&self.cache, suite, self.options.mirror.as_deref())?)
    }

    fn lists(&self, apt: &Apt) -> Result<Index> {
        apt.update(&self.options.progress)?;
        let _step = self.options.progress.step("reading the package lists");
        Ok(apt.index()?)
    }
}

fn tool_pins(apt: &Apt, index: &Index, names: &[String]) -> Result<BTreeMap<String, Pin>> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    if let Some(name) = names.iter().find(|name| index.candidate(name).is_none()) {
        return Err(resolve::ResolveError::Unknown(name.clone()).into());
    }
    Ok(resolve::tools(index, &apt.solve(names)?)?)
}

/// What a request needs that is not in the cache.
struct Wanted {
    /// Asked for, but in no section of the lock.
    unknown: BTreeSet<String>,
    /// Pinned, but not whole in the cache. Both sections may pin one package, even in two versions.
    absent: Pins,
}

impl Wanted {
    fn of(lock: &Lock, request: &Request, store: &Store<'_>) -> Self {
        let (image, mut unknown) = closure(&lock.image, &request.image);
        let (tools, more) = closure(&lock.tools, &request.tools);
        unknown.extend(more);
        let absent = image
            .iter()
            .chain(&tools)
            .filter(|(name, pin)| store.load(name, pin).is_none())
            .map(|(name, pin)| (pin.sha256, ((*name).to_owned(), (*pin).clone())))
            .collect();
        Self { unknown: unknown.into_iter().map(str::to_owned).collect(), absent }
    }
}

#[cfg(test)]
mod tests;
