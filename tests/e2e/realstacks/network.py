"""Hosts in network namespaces on one bridge, the recorder at the bridge, and what is true about them."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

RIG = pathlib.Path(__file__).resolve().parent / "rig.py"
SUBNET = "10.77.0"
BRIDGE = "br0"
# Each host has its own of these: what daemons write there is neither shared nor left behind.
PRIVATE = ["/run", "/var/log", "/var/tmp"]
OVERLAID = ["/etc", "/var/lib", "/var/cache", "/var/spool"]


class Missing(Exception):
    """What a stack is made of is not installed and cannot be."""


class Failed(Exception):
    """A stack did not do what it was told."""


def sh(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options)


class Network:
    """The bridge with all that is plugged into it."""

    def __init__(self, folder):
        self.folder, self.wards, self.hosts = folder, {}, []
        self.lock = threading.Lock()
        self.started = []
        sh("mount", "--make-rprivate", "/")
        sh("mount", "-t", "tmpfs", "realstacks", "/run")
        sh("ip", "link", "set", "lo", "up")
        sh("ip", "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        pathlib.Path(f"/proc/sys/net/ipv6/conf/{BRIDGE}/disable_ipv6").write_text("1")
        sh("ip", "link", "set", BRIDGE, "up", "promisc", "on")
        self.capture = folder / "recording.pcapng"
        # `--print`-less dumpcap writes pcapng; a large kernel buffer, since two cores play and record at once.
        self.recorder = subprocess.Popen(
            ["dumpcap", "-q", "-i", BRIDGE, "-B", "64", "-w", str(self.capture)],
            stdout=subprocess.DEVNULL, stderr=open(folder / "dumpcap.log", "w"))
        wait_for(lambda: self.capture.exists() and self.capture.stat().st_size > 0, 10, "dumpcap to begin")

    def ward(self, name):
        with self.lock:
            ward = self.wards[name] = Ward(self, name)
        return ward

    def stop(self):
        time.sleep(1)
        for process in self.started:
            process.terminate()
        time.sleep(1)
        self.recorder.send_signal(signal.SIGINT)
        self.recorder.wait(timeout=20)
        for process in self.started:
            process.kill()

    def write_truth(self, path):
        with open(path, "w") as out:
            for ward in self.wards.values():
                for line in ward.truth():
                    out.write(json.dumps(line) + "\n")


class Ward:
    """What one stack plays, and what is true about it."""

    def __init__(self, network, stack):
        self.network, self.stack = network, stack
        self.hosts, self.talks, self.findings, self.unsaid = [], [], [], []

    def need(self, *names):
        """Raises `Missing` unless each is a program on the path or, with a leading "py:", a module of the environment."""
        for name in names:
            if name.startswith("py:"):
                found = subprocess.run([python(), "-c", f"import {name[3:]}"], capture_output=True).returncode == 0
            else:
                found = shutil.which(name, path=PATH)
            if not found:
                raise Missing(f"{name} is not installed")

    def host(self, name, block, dhcp=False):
        """A namespace with one interface, whose MAC address is of the maker's `block` (three bytes)."""
        with self.network.lock:
            number = len(self.network.hosts) + 10
            host = Host(self, name, f"{block}:77:00:{number:02x}", number)
            self.network.hosts.append(host)
        self.hosts.append(host)
        host.plug(None if dhcp else f"{SUBNET}.{number}")
        return host

    def talk(self, client, server, protocol, port, **more):
        """Truth: `client` spoke `protocol` with `server`. `transport`, `encryption`, `phi` and `facts` are checked if given.

        `server` may be a group's address; `port` is None where the server takes a free one."""
        self.talks.append({"client": client, "server": server, "protocol": protocol, "port": port, **more})

    def finding(self, detector, host):
        """Truth: `detector` has reason to speak about `host`."""
        self.findings.append({"detector": detector, "host": host})

    def never(self, *values):
        """Values of (made-up) persons and secrets that crossed the wire and must be in no output."""
        self.unsaid.extend(values)

    def truth(self):
        for host in self.hosts:
            yield {"kind": "device", "stack": self.stack, "host": host.name, "mac": host.mac, "ip": host.ip, "is": host.true}
        for talk in self.talks:
            named = {key: value.name if isinstance(value, Host) else value for key, value in talk.items()}
            yield {"kind": "conversation", "stack": self.stack, **named}
        for finding in self.findings:
            yield {"kind": "finding", "stack": self.stack, "detector": finding["detector"], "host": finding["host"].name}
        for value in self.unsaid:
            yield {"kind": "never", "stack": self.stack, "value": value}


PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/cups/daemon"


def python():
    return os.environ.get("REALSTACKS_PYTHON") or sys.executable


class Host:
    """One namespace. `true` is what a reader of its traffic should find: attribute → text that its value has in it.

    `missed` is what medwarden is known not to find: attribute → text and reason. It fails the run as soon as it is found."""

    def __init__(self, ward, name, mac, number):
        self.ward, self.name, self.mac, self.number, self.ip = ward, name, mac, number, None
        self.true, self.missed, self.logs = {}, {}, 0
        self.folder = ward.network.folder / "hosts" / name
        self.folder.mkdir(parents=True, mode=0o755)

    def plug(self, ip):
        """Makes the namespace: own network, host name, and what daemons write to; one link to the bridge."""
        self.ip = ip
        private = "\n".join(f"mount -t tmpfs -o mode=755 private {path}" for path in PRIVATE)
        overlays = "\n".join(
            f"mkdir -p /run/over{path}/up /run/over{path}/work; "
            f"mount -t overlay over -o lowerdir={path},upperdir=/run/over{path}/up,workdir=/run/over{path}/work {path}"
            for path in OVERLAID)
        script = f"""set -e
hostname {self.name}
{private}
{overlays}
mkdir -p /run/lock /run/dbus /run/sshd; echo '127.0.0.1 localhost {self.name}' > /etc/hosts; echo {self.name} > /etc/hostname
: > /etc/resolv.conf
ip link set lo up
echo ready > {self.folder}/ready
exec sleep infinity"""
        with open(self.folder / "holder.log", "w") as log:
            self.holder = subprocess.Popen(["unshare", "--net", "--uts", "--mount", "sh", "-c", script], stdout=log, stderr=log,
                                           stdin=subprocess.DEVNULL, env={"PATH": PATH})
        self.ward.network.started.append(self.holder)
        wait_for(lambda: (self.folder / "ready").exists(), 20, f"namespace of {self.name}")
        far = f"v{self.number}"
        sh("ip", "link", "add", far, "type", "veth", "peer", "name", "eth0", "address", self.mac, "netns", str(self.holder.pid))
        pathlib.Path(f"/proc/sys/net/ipv6/conf/{far}/disable_ipv6").write_text("1")
        sh("ip", "link", "set", far, "master", BRIDGE, "up")
        # Frames as a wire carries them: full checksums, no segments larger than a frame.
        self.run("ethtool", "-K", "eth0", "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        if ip:
            self.run("ip", "address", "add", f"{ip}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")

    def wrapped(self, command):
        return ["nsenter", "-t", str(self.holder.pid), "--net", "--uts", "--mount", f"--wd={self.folder}", "--",
                *(str(word) for word in command)]

    def run(self, *command, stdin=None, ok=(0,), timeout=60):
        """Runs to the end in the namespace and answers what it printed."""
        done = subprocess.run(self.wrapped(command), input=stdin, capture_output=True, text=True, errors="replace", timeout=timeout,
                              env=ENVIRONMENT, cwd=self.folder)
        self.log(command).write_text(done.stdout + done.stderr)
        if ok is not None and done.returncode not in ok:
            raise Failed(f"{self.name}: {' '.join(map(str, command))[:200]}: exit {done.returncode}: {(done.stdout + done.stderr)[-600:]}")
        return done.stdout + done.stderr

    def start(self, *command, tcp=None, udp=None, timeout=60):
        """Starts in the namespace and waits until it listens where it is said to."""
        log = self.log(command)
        with open(log, "w") as out:
            process = subprocess.Popen(self.wrapped(command), stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=ENVIRONMENT,
                                       cwd=self.folder)
        self.ward.network.started.append(process)
        for kind, port in (("tcp", tcp), ("udp", udp)):
            if port:
                try:
                    wait_for(lambda: self.listens(kind, port), timeout, f"{command[0]} on {self.name} to listen on {kind} {port}")
                except Failed as error:
                    raise Failed(f"{error}: {log.read_text()[-800:]}") from None
        return process

    def role(self, role, *arguments, wait=False, **options):
        """Runs or starts a role of the stack's own file, with the Python environment's packages."""
        command = [python(), RIG, "--role", self.ward.stack, role, *arguments]
        return self.run(*command, **options) if wait else self.start(*command, **options)

    def listens(self, kind, port):
        for table in (kind, f"{kind}6"):
            for line in pathlib.Path(f"/proc/{self.holder.pid}/net/{table}").read_text().splitlines()[1:]:
                word = line.split()
                if int(word[1].rsplit(":", 1)[1], 16) == port and (kind == "udp" or word[3] == "0A"):
                    return True
        return False

    def log(self, command):
        self.logs += 1
        return self.folder / f"{self.logs:02}-{pathlib.Path(str(command[0])).name}.log"

    def write(self, name, text, mode=0o644):
        """A file in the host's folder, or at an absolute path as only this host sees it."""
        if not name.startswith("/"):
            path = self.folder / name
            path.write_text(text)
            path.chmod(mode)
            return path
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat > "$1" && chmod "$2" "$1"', "sh", name, oct(mode)[2:], stdin=text)
        return pathlib.Path(name)

    def learn_address(self, timeout=30):
        """Waits until a DHCP client has given the interface an address, and answers it."""
        def address():
            found = json.loads(self.run("ip", "-j", "-4", "address", "show", "dev", "eth0"))
            return found and found[0].get("addr_info") and found[0]["addr_info"][0]["local"]
        self.ip = wait_for(address, timeout, f"an address of {self.name}")
        return self.ip


ENVIRONMENT = {"PATH": PATH, "LANG": "C.UTF-8", "HOME": "/var/tmp", "PYTHONDONTWRITEBYTECODE": "1",
               "REALSTACKS_PYTHON": os.environ.get("REALSTACKS_PYTHON", "")}


def wait_for(ready, seconds, what):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = ready()
        if value:
            return value
        time.sleep(0.1)
    raise Failed(f"waited {seconds} s for {what}")
