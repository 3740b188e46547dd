"""The mDNS responder that stacks share: avahi with a message bus, both of one host alone."""


def start(host):
    """Starts the bus and avahi, and waits until both serve."""
    host.start("dbus-daemon", "--system", "--nofork", "--nopidfile")
    host.run("sh", "-c", "for i in $(seq 100); do [ -S /run/dbus/system_bus_socket ] && exit; sleep 0.1; done; exit 1")
    host.start("avahi-daemon", "--no-drop-root", "--no-chroot", udp=5353)
