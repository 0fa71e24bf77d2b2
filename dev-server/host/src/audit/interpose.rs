//! This program's own functions before the system's: each looks whether this thread plays a block
//! of a plugin, has the call noted if so, and calls the function it stands for.
//!
//! A library that is loaded finds a symbol in the executable before it looks in the system's
//! libraries, so this sees every plugin; it also sees the server itself, for whom it costs one load
//! of a thread-local and a jump.
//!
//! # Limits
//! Only with glibc, and only what goes through a symbol: a system call in assembly, or one that
//! glibc makes in itself (`printf`'s write, `malloc`'s `mmap`), is not seen; nor are `stat` and its
//! like, which older versions of glibc do not have as symbols, and loading a library, which must
//! know who asks for it. A lock that nobody holds is taken without any call by the locks of Rust's
//! standard library: they are seen only when they wait or wake. Functions with a variable number of
//! arguments are given all that their longest form has, which the calling conventions of x86-64 and
//! `AArch64` allow.

#![allow(
    unsafe_code,
    clippy::similar_names,
    reason = "the system's functions are C; arguments are called as its manual does"
)]

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_int, c_long, c_uint, c_void},
    mem, ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use super::{
    recorder::Block,
    unwind::{self, MAX_FRAMES},
};
use crate::finding::AuditKind;

thread_local! {
    /// The block that the plugin plays on this thread; null outside.
    static BLOCK: Cell<*const Block<'static>> = const { Cell::new(ptr::null()) };
    /// A real function is being looked for on this thread.
    static RESOLVING: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` with every call noted in `block`.
pub(super) fn noted<T>(block: &Block<'_>, work: impl FnOnce() -> T) -> T {
    let _set = Set::new(ptr::from_ref(block).cast());
    work()
}

/// Runs `work` with nothing noted, inside a block too.
pub(super) fn unnoted<T>(work: impl FnOnce() -> T) -> T {
    let _set = Set::new(ptr::null());
    work()
}

/// The flag as it was before, when this is dropped.
struct Set(*const Block<'static>);

impl Set {
    fn new(block: *const Block<'static>) -> Self {
        Self(BLOCK.replace(block))
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        BLOCK.set(self.0);
    }
}

#[inline]
fn note(call: Option<Call>) {
    let block = BLOCK.get();
    if let Some(call) = call.filter(|_| !block.is_null()) {
        note_in(block, call);
    }
}

#[cold]
#[inline(never)]
fn note_in(block: *const Block<'static>, call: Call) {
    let _set = Set::new(ptr::null());
    // SAFETY: `noted` borrows the block on this very thread as long as the flag is set.
    let block = unsafe { &*block };
    let here = ptr::from_ref(&block).addr();
    block.note(call, here, |stack: &mut [u64; MAX_FRAMES]| unwind::walk(stack, block.base()));
}

/// The function that `call` stands for.
#[inline]
fn real(call: Call) -> *mut c_void {
    let known = REAL[call as usize].load(Ordering::Relaxed);
    if known.is_null() { resolve(call) } else { known }
}

#[cold]
fn resolve(call: Call) -> *mut c_void {
    if RESOLVING.replace(true) {
        // The search itself wants memory.
        return in_the_beginning(call);
    }
    let found = find(call);
    RESOLVING.set(false);
    if found.is_null() {
        // SAFETY: nobody can have called what is not there, so nothing is lost.
        unsafe { libc::abort() };
    }
    REAL[call as usize].store(found, Ordering::Relaxed);
    found
}

/// The next function of that name after ours; null if the system has none.
fn find(call: Call) -> *mut c_void {
    let name = call.symbol().as_ptr();
    if call.is_versioned() {
        // SAFETY: looks a name up; both strings end with a zero.
        unsafe { libc::dlvsym(libc::RTLD_NEXT, name, c"GLIBC_2.3.2".as_ptr()) }
    } else {
        // SAFETY: as above.
        unsafe { libc::dlsym(libc::RTLD_NEXT, name) }
    }
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(n: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(place: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_free(place: *mut c_void);
}

/// glibc's own heap, under the names that nobody stands before.
fn in_the_beginning(call: Call) -> *mut c_void {
    match call {
        Call::malloc => __libc_malloc as *mut c_void,
        Call::calloc => __libc_calloc as *mut c_void,
        Call::realloc => __libc_realloc as *mut c_void,
        Call::free => __libc_free as *mut c_void,
        // SAFETY: the loader's search calls nothing else.
        _ => unsafe { libc::abort() },
    }
}

/// Finds all real functions, so that nobody has to later; the first that ours does not stand before.
pub(super) fn resolve_all() -> Option<&'static str> {
    let is_shadowed = |call: &Call| {
        let next = find(*call);
        // SAFETY: looks a name up.
        let first = unsafe { libc::dlsym(libc::RTLD_DEFAULT, call.symbol().as_ptr()) };
        if !next.is_null() {
            real(*call);
        }
        first != call.ours() || next.is_null()
    };
    let mut calls = Call::ALL.iter().filter(|call| **call != Call::futex);
    calls.find(|call| is_shadowed(call)).map(|call| call.name())
}

impl Call {
    /// Whether glibc has it twice, the older for programs that were built long ago.
    fn is_versioned(self) -> bool {
        use Call::{pthread_cond_timedwait, pthread_cond_wait};
        cfg!(target_arch = "x86_64") && matches!(self, pthread_cond_wait | pthread_cond_timedwait)
    }

    /// A system call by its number.
    fn of_number(number: c_long) -> Self {
        if number == libc::SYS_futex { Self::futex } else { Self::syscall }
    }
}

macro_rules! either {
    (; $default:expr) => {
        $default
    };
    ($given:expr; $default:expr) => {
        $given
    };
}

/// Makes a function for each line, and of all of them [`Call`].
macro_rules! interpose {
    ($($kind:ident $name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)? $(, $noted:expr)?;)*) => {
        /// A function of the system that is seen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(non_camel_case_types, reason = "the system's names")]
        #[repr(u8)]
        pub(super) enum Call {
            $($name,)*
            /// The system call that Rust's locks wait and wake by.
            futex,
        }

        impl Call {
            /// Each, at its number's place.
            pub(super) const ALL: &[Self] = &[$(Self::$name,)* Self::futex];

            pub(super) fn kind(self) -> AuditKind {
                match self {
                    $(Self::$name => AuditKind::$kind,)*
                    Self::futex => AuditKind::Lock,
                }
            }

            pub(super) fn name(self) -> &'static str {
                self.symbol().to_str().unwrap_or_default()
            }

            fn symbol(self) -> &'static CStr {
                const fn c(name: &'static str) -> &'static CStr {
                    match CStr::from_bytes_with_nul(name.as_bytes()) {
                        Ok(name) => name,
                        Err(_) => c"",
                    }
                }
                match self {
                    $(Self::$name => const { c(concat!(stringify!($name), "\0")) },)*
                    Self::futex => c"futex",
                }
            }

            /// Our function.
            fn ours(self) -> *mut c_void {
                match self {
                    $(Self::$name => $name as *mut c_void,)*
                    Self::futex => ptr::null_mut(),
                }
            }
        }

        $(
            #[unsafe(no_mangle)]
            unsafe extern "C" fn $name($($arg: $type),*) $(-> $result)? {
                type Real = unsafe extern "C" fn($($type),*) $(-> $result)?;
                note(either!($($noted)?; Some(Call::$name)));
                // SAFETY: the address of the function that has this signature.
                let real = unsafe { mem::transmute::<*mut c_void, Real>(real(Call::$name)) };
                // SAFETY: passed on as it came.
                unsafe { real($($arg),*) }
            }
        )*
    };
}

type Pointer = *mut c_void;
type Text = *const c_char;

interpose! {
    Allocation malloc(size: usize) -> Pointer;
    Allocation calloc(n: usize, size: usize) -> Pointer;
    Allocation realloc(place: Pointer, size: usize) -> Pointer;
    Allocation reallocarray(place: Pointer, n: usize, size: usize) -> Pointer;
    Allocation memalign(align: usize, size: usize) -> Pointer;
    Allocation aligned_alloc(align: usize, size: usize) -> Pointer;
    Allocation posix_memalign(out: Pointer, align: usize, size: usize) -> c_int;
    Free free(place: Pointer), (!place.is_null()).then_some(Call::free);

    Lock pthread_mutex_lock(mutex: Pointer) -> c_int;
    Lock pthread_mutex_timedlock(mutex: Pointer, until: Pointer) -> c_int;
    Lock pthread_rwlock_rdlock(lock: Pointer) -> c_int;
    Lock pthread_rwlock_wrlock(lock: Pointer) -> c_int;
    Lock pthread_cond_wait(condition: Pointer, mutex: Pointer) -> c_int;
    Lock pthread_cond_timedwait(condition: Pointer, mutex: Pointer, until: Pointer) -> c_int;
    Lock pthread_barrier_wait(barrier: Pointer) -> c_int;
    Lock pthread_join(thread: usize, result: Pointer) -> c_int;
    Lock sem_wait(semaphore: Pointer) -> c_int;
    Lock sem_timedwait(semaphore: Pointer, until: Pointer) -> c_int;

    File open(path: Text, flags: c_int, mode: c_uint) -> c_int;
    File open64(path: Text, flags: c_int, mode: c_uint) -> c_int;
    File openat(folder: c_int, path: Text, flags: c_int, mode: c_uint) -> c_int;
    File openat64(folder: c_int, path: Text, flags: c_int, mode: c_uint) -> c_int;
    File creat(path: Text, mode: c_uint) -> c_int;
    File close(file: c_int) -> c_int;
    File read(file: c_int, to: Pointer, n: usize) -> isize;
    File pread(file: c_int, to: Pointer, n: usize, at: i64) -> isize;
    File pread64(file: c_int, to: Pointer, n: usize, at: i64) -> isize;
    File readv(file: c_int, to: Pointer, n: c_int) -> isize;
    File write(file: c_int, from: Pointer, n: usize) -> isize;
    File pwrite(file: c_int, from: Pointer, n: usize, at: i64) -> isize;
    File pwrite64(file: c_int, from: Pointer, n: usize, at: i64) -> isize;
    File writev(file: c_int, from: Pointer, n: c_int) -> isize;
    File lseek(file: c_int, by: i64, from: c_int) -> i64;
    File lseek64(file: c_int, by: i64, from: c_int) -> i64;
    File fsync(file: c_int) -> c_int;
    File fdatasync(file: c_int) -> c_int;
    File ftruncate(file: c_int, size: i64) -> c_int;
    File ftruncate64(file: c_int, size: i64) -> c_int;
    File statx(folder: c_int, path: Text, flags: c_int, mask: c_uint, to: Pointer) -> c_int;
    File access(path: Text, mode: c_int) -> c_int;
    File readlink(path: Text, to: Pointer, n: usize) -> isize;
    File unlink(path: Text) -> c_int;
    File rename(from: Text, to: Text) -> c_int;
    File mkdir(path: Text, mode: c_uint) -> c_int;
    File rmdir(path: Text) -> c_int;
    File opendir(path: Text) -> Pointer;
    File readdir(folder: Pointer) -> Pointer;
    File readdir64(folder: Pointer) -> Pointer;
    File fopen(path: Text, mode: Text) -> Pointer;
    File fopen64(path: Text, mode: Text) -> Pointer;
    File fclose(file: Pointer) -> c_int;
    File fread(to: Pointer, size: usize, n: usize, file: Pointer) -> usize;
    File fwrite(from: Pointer, size: usize, n: usize, file: Pointer) -> usize;
    File fflush(file: Pointer) -> c_int;
    File fputs(text: Text, file: Pointer) -> c_int;
    File puts(text: Text) -> c_int;

    Socket socket(domain: c_int, kind: c_int, protocol: c_int) -> c_int;
    Socket socketpair(domain: c_int, kind: c_int, protocol: c_int, to: Pointer) -> c_int;
    Socket connect(socket: c_int, to: Pointer, n: c_uint) -> c_int;
    Socket bind(socket: c_int, to: Pointer, n: c_uint) -> c_int;
    Socket listen(socket: c_int, n: c_int) -> c_int;
    Socket accept(socket: c_int, from: Pointer, n: Pointer) -> c_int;
    Socket accept4(socket: c_int, from: Pointer, n: Pointer, flags: c_int) -> c_int;
    Socket send(socket: c_int, from: Pointer, n: usize, flags: c_int) -> isize;
    Socket sendto(
        socket: c_int, from: Pointer, n: usize, flags: c_int, to: Pointer, n_to: c_uint
    ) -> isize;
    Socket sendmsg(socket: c_int, message: Pointer, flags: c_int) -> isize;
    Socket recv(socket: c_int, to: Pointer, n: usize, flags: c_int) -> isize;
    Socket recvfrom(
        socket: c_int, to: Pointer, n: usize, flags: c_int, from: Pointer, n_from: Pointer
    ) -> isize;
    Socket recvmsg(socket: c_int, message: Pointer, flags: c_int) -> isize;
    Socket shutdown(socket: c_int, how: c_int) -> c_int;
    Socket getaddrinfo(host: Text, service: Text, hints: Pointer, to: Pointer) -> c_int;
    Socket gethostbyname(host: Text) -> Pointer;
    Socket pipe(to: Pointer) -> c_int;
    Socket pipe2(to: Pointer, flags: c_int) -> c_int;

    Sleep nanosleep(time: Pointer, rest: Pointer) -> c_int;
    Sleep clock_nanosleep(clock: c_int, flags: c_int, time: Pointer, rest: Pointer) -> c_int;
    Sleep usleep(microseconds: c_uint) -> c_int;
    Sleep sleep(seconds: c_uint) -> c_uint;
    Sleep poll(files: Pointer, n: usize, milliseconds: c_int) -> c_int;
    Sleep ppoll(files: Pointer, n: usize, time: Pointer, mask: Pointer) -> c_int;
    Sleep select(n: c_int, r: Pointer, w: Pointer, e: Pointer, time: Pointer) -> c_int;
    Sleep pselect(
        n: c_int, r: Pointer, w: Pointer, e: Pointer, time: Pointer, mask: Pointer
    ) -> c_int;
    Sleep epoll_wait(file: c_int, to: Pointer, n: c_int, milliseconds: c_int) -> c_int;
    Sleep sched_yield() -> c_int;

    System pthread_create(
        to: Pointer, attributes: Pointer, start: Pointer, argument: Pointer
    ) -> c_int;
    System mmap(
        at: Pointer, n: usize, access: c_int, flags: c_int, file: c_int, from: i64
    ) -> Pointer;
    System mmap64(
        at: Pointer, n: usize, access: c_int, flags: c_int, file: c_int, from: i64
    ) -> Pointer;
    System munmap(at: Pointer, n: usize) -> c_int;
    System mprotect(at: Pointer, n: usize, access: c_int) -> c_int;
    System madvise(at: Pointer, n: usize, advice: c_int) -> c_int;
    System getrandom(to: Pointer, n: usize, flags: c_uint) -> isize;
    System ioctl(file: c_int, request: usize, argument: usize) -> c_int;
    System system(command: Text) -> c_int;
    System syscall(
        number: c_long, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize
    ) -> c_long, Some(Call::of_number(number));
}

/// The functions that ours stand for, by the call's number.
static REAL: [AtomicPtr<c_void>; Call::ALL.len()] =
    [const { AtomicPtr::new(ptr::null_mut()) }; Call::ALL.len()];
