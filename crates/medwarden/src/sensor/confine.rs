//! What the sensor gives up before it reads the first frame, so that whoever takes it over with a hostile frame has nothing:
//! capabilities, new privileges (setuid programs), files other than where it writes (Landlock), and system calls that it does not
//! need (seccomp), above all those that send. It goes for the calling thread and all that it starts.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use capture::live::Ring;
use landlock::{ABI, Access as _, AccessFs, AccessNet, PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _};
use landlock::{RulesetStatus, Scope};
use nix::unistd::{Gid, Uid, User, setgid, setgroups, setuid};
use rustix::thread::{CapabilitySet, CapabilitySets};
use seccompiler::{BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};

/// How far the kernel took part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Files {
    /// Nothing but the output's folder can be opened.
    Confined,
    /// This kernel has no Landlock, or an old one: files are kept from the sensor by their owners and modes alone.
    AsOwned,
}

/// Becomes another user, for a start as root. To be called when the rings are open and before anything is written.
pub(super) fn become_user(name: &str) -> anyhow::Result<()> {
    let user = User::from_name(name).with_context(|| format!("cannot look up the user {name:?}"))?;
    let Some(User { uid, gid, .. }) = user else { bail!("there is no user {name:?}") };
    if Uid::effective() == uid && Gid::effective() == gid {
        return Ok(());
    }
    let cannot = || format!("cannot become the user {name:?}; that needs root");
    drop_bounds();
    setgroups(&[]).with_context(cannot)?;
    setgid(gid).with_context(cannot)?;
    setuid(uid).with_context(cannot)
}

/// Gives up everything but reading the rings, and writing in some folders. To be called before other threads are started.
pub(super) fn confine(rings: &[Ring], folders: &[PathBuf]) -> anyhow::Result<Files> {
    drop_bounds();
    let none = CapabilitySet::empty();
    rustix::thread::set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .context("cannot drop capabilities")?;
    rustix::thread::set_no_new_privs(true).context("cannot forbid new privileges")?;
    let files = confine_files(folders).context("cannot confine file access (Landlock)")?;
    let filter = filter(rings).context("cannot make the filter of system calls")?;
    seccompiler::apply_filter(&filter).context("cannot confine system calls (seccomp)")?;
    Ok(files)
}

/// No program that this one could start would get a capability back. Works for root alone; another user's programs cannot have any.
fn drop_bounds() {
    for capability in CapabilitySet::all().iter() {
        let _ = rustix::thread::remove_capability_from_bounding_set(capability);
    }
    let _ = rustix::thread::clear_ambient_capability_set();
}

fn confine_files(folders: &[PathBuf]) -> anyhow::Result<Files> {
    let version = ABI::V6;
    let written = AccessFs::from_file(version) | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::ReadDir;
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(version))?
        .handle_access(AccessNet::from_all(version))?
        .scope(Scope::from_all(version))?
        .create()?;
    for folder in folders {
        rules = rules.add_rule(PathBeneath::new(PathFd::new(folder)?, written & !AccessFs::Execute))?;
    }
    let status = rules.restrict_self()?;
    Ok(if status.ruleset == RulesetStatus::NotEnforced { Files::AsOwned } else { Files::Confined })
}

/// The folder of a file that is written.
pub(super) fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// System calls that are allowed with any arguments: memory, threads, time, signals, reading, and writing files.
const ALLOWED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_openat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_getdents64,
    libc::SYS_fcntl,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_membarrier,
    libc::SYS_futex,
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_rseq,
    libc::SYS_set_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_prctl,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    // Asks for the clock's state; setting it needs a capability.
    libc::SYS_adjtimex,
    libc::SYS_clock_adjtime,
    libc::SYS_ppoll,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Reads options of the rings, such as what they lost; sets none.
    libc::SYS_getsockopt,
];

/// Calls that only older machines' ways of the same have.
#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[i64] =
    &[libc::SYS_poll, libc::SYS_rename, libc::SYS_unlink, libc::SYS_open, libc::SYS_stat, libc::SYS_lstat];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[i64] = &[];

/// Calls that write: not to a ring, whose socket would send it.
const WRITES: &[i64] = &[libc::SYS_write, libc::SYS_writev, libc::SYS_pwrite64];

/// What is not on the list fails with EPERM: `send*`, `socket`, `connect`, `bind`, `setsockopt`, `execve`, `ptrace`, `io_uring_*`, …
fn filter(rings: &[Ring]) -> anyhow::Result<BpfProgram> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().chain(ALLOWED_HERE).map(|call| (*call, Vec::new())).collect();
    let word = |argument: u8, compare: SeccompCmpOp, value: u64| {
        SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compare, value)
    };
    let mut no_ring = Vec::new();
    for ring in rings {
        no_ring.push(word(0, SeccompCmpOp::Ne, u64::try_from(ring.as_fd().as_raw_fd())?)?);
    }
    for call in WRITES {
        // No conditions are none that could fail.
        let rule = if no_ring.is_empty() { Vec::new() } else { vec![SeccompRule::new(no_ring.clone())?] };
        rules.insert(*call, rule);
    }
    // Asks a terminal whether it is one, and how wide.
    let asked = [libc::TCGETS, libc::TIOCGWINSZ].into_iter().map(|request| -> anyhow::Result<SeccompRule> {
        #[allow(clippy::useless_conversion)] // the type differs between C libraries
        Ok(SeccompRule::new(vec![word(1, SeccompCmpOp::Eq, u64::from(request))?])?)
    });
    rules.insert(libc::SYS_ioctl, asked.collect::<anyhow::Result<_>>()?);
    let refused = SeccompAction::Errno(u32::try_from(libc::EPERM)?);
    let machine = std::env::consts::ARCH.try_into().context("system calls of this kind of processor are not known")?;
    Ok(SeccompFilter::new(rules, refused, SeccompAction::Allow, machine)?.try_into()?)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{self, Write as _};
    use std::net::{TcpStream, UdpSocket};
    use std::process::Command;

    use capture::live::{Interface, LiveError, Settings};

    use super::*;

    /// Confines a thread of its own, so that the tests beside it stay free.
    fn confined(test: impl FnOnce(&Path, &Path, &[Ring]) + Send + 'static) {
        let outside = std::env::temp_dir().join(format!("medwarden-confine-{}", std::process::id()));
        let folder = outside.join("out");
        fs::create_dir_all(&folder).unwrap();
        fs::write(outside.join("secret"), "shadow").unwrap();
        let rings = match Interface::open("lo", &Settings { buffer_bytes: 4 << 20, ..Settings::default() }) {
            Ok((_, rings)) => rings,
            Err(error @ (LiveError::NotPermitted(_) | LiveError::Down(_) | LiveError::NoInterface(_))) => {
                println!("without a ring: {error}");
                Vec::new()
            }
            Err(error) => panic!("{error}"),
        };
        let (there, within) = (outside.clone(), folder.clone());
        let thread = std::thread::spawn(move || {
            let files = confine(&rings, std::slice::from_ref(&within)).unwrap();
            if files == Files::AsOwned {
                println!("skipped in part: this kernel has no Landlock");
            } else {
                test(&there, &within, &rings);
            }
        });
        let ended = thread.join();
        fs::remove_dir_all(outside).unwrap();
        ended.unwrap();
    }

    fn refused<T>(result: io::Result<T>) -> bool {
        matches!(result, Err(error) if error.kind() == io::ErrorKind::PermissionDenied)
    }

    #[test]
    fn only_the_output_can_be_touched() {
        confined(|outside, folder, _| {
            assert!(refused(File::open(outside.join("secret"))));
            assert!(refused(File::open("/etc/passwd")));
            assert!(refused(fs::read_dir("/")));
            assert!(refused(File::create(outside.join("new"))));
            let mut file = File::create(folder.join("lines.part")).unwrap();
            file.write_all(b"{}\n").unwrap();
            file.sync_all().unwrap();
            fs::rename(folder.join("lines.part"), folder.join("lines")).unwrap();
            assert_eq!(fs::read_to_string(folder.join("lines")).unwrap(), "{}\n");
            fs::remove_file(folder.join("lines")).unwrap();
        });
    }

    #[test]
    fn nothing_can_be_sent_or_started() {
        confined(|_, _, rings| {
            assert!(refused(UdpSocket::bind("127.0.0.1:0")));
            assert!(refused(TcpStream::connect("127.0.0.1:9")));
            assert!(refused(Command::new("/bin/true").status()));
            for ring in rings {
                // Without bytes it would be refused by the socket, as no frame (EINVAL); the filter is first.
                assert_eq!(rustix::io::write(ring.as_fd(), &[]), Err(rustix::io::Errno::PERM));
            }
        });
    }

    #[test]
    fn threads_memory_and_time_still_work() {
        confined(|_, _, rings| {
            let sum = std::thread::spawn(|| vec![1u64; 1 << 20].iter().sum::<u64>()).join().unwrap();
            assert_eq!(sum, 1 << 20);
            std::thread::sleep(std::time::Duration::from_millis(1));
            assert!(capture::live::clock_state().is_ok());
            capture::live::wait(rings, std::time::Duration::from_millis(1)).unwrap();
        });
    }
}
