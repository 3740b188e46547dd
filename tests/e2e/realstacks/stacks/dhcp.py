"""dnsmasq as DHCP and DNS server; dhclient, udhcpc and dhcpcd as clients that then ask it for a name."""

APT = ["dnsmasq-base", "isc-dhcp-client", "udhcpc", "busybox", "dhcpcd-base", "bind9-dnsutils"]
PYPI = []

SERVER = """port=53
no-resolv
no-hosts
no-ping
user=root
keep-in-foreground
log-facility=-
interface=eth0
bind-interfaces
dhcp-authoritative
dhcp-leasefile=/run/leases
dhcp-range=10.77.0.200,10.77.0.250,255.255.255.0,2h
dhcp-option=option:router,{ip}
domain=ward.example
address=/pacs.ward.example/10.77.0.5
"""
# What a client is given goes to its interface and nowhere else.
SCRIPT = """#!/bin/sh
case "$1$reason" in *BOUND*|bound*|*RENEW*) ip address replace "${ip:-$new_ip_address}/24" dev eth0 ;; esac
"""


def play(ward):
    ward.need("dnsmasq", "dhclient", "busybox", "dhcpcd", "dig")
    server = ward.host("net-core-1", "00:00:0c")
    config = server.write("dnsmasq.conf", SERVER.format(ip=server.ip))
    server.true = {"dhcp_server": "yes", "name_server": "yes"}
    server.start("dnsmasq", "-C", config, tcp=53, udp=67)
    clients = [dhclient(ward), udhcpc(ward), dhcpcd(ward)]
    for client in clients:
        client.learn_address()
        words = client.run("dig", "+short", "+tries=1", f"@{server.ip}", "pacs.ward.example")
        assert "10.77.0.5" in words, words
        ward.talk(client, server, "dhcp", 67, transport="udp")
        ward.talk(client, server, "dns", 53, transport="udp")
        client.true["name"] = client.name


def dhclient(ward):
    """The client of Debian and of many appliances built on it."""
    host = ward.host("infusion-gw-2", "58:42:e4", dhcp=True)  # Baxter
    config = host.write("/etc/dhcp/dhclient.conf", f'send host-name "{host.name}";\nrequest subnet-mask, routers, domain-name-servers;\n')
    script = host.write("/run/dhclient-script", SCRIPT, 0o755)
    host.start("dhclient", "-4", "-d", "-cf", config, "-sf", script, "-lf", "/run/leases", "-pf", "/run/pid", "eth0")
    return host


def udhcpc(ward):
    """The client of small embedded systems; it says which release of busybox it is."""
    host = ward.host("ecg-cart-7", "00:09:5c", dhcp=True)  # Philips
    script = host.write("/run/script", SCRIPT, 0o755)
    host.start("busybox", "udhcpc", "-f", "-i", "eth0", "-s", script, "-x", f"hostname:{host.name}")
    host.true = {"vendor_class": "udhcp 1.", "os": "Linux", "software": "BusyBox udhcpc 1."}
    return host


def dhcpcd(ward):
    """The client of Raspberry Pi OS and of some thin clients; it says its release, kernel and processor."""
    host = ward.host("signage-lobby", "b8:27:eb", dhcp=True)
    config = host.write("/etc/dhcpcd.conf", "hostname\nclientid\nvendorclassid dhcpcd-9.4.1:Linux-6.1.21-v8+:aarch64:BCM2835\n"
                                            "option domain_name_servers\nnoipv6rs\nnohook resolv.conf\nnoarp\n")
    host.start("dhcpcd", "-4", "-B", "-f", config, "eth0")
    host.true = {"vendor_class": "dhcpcd-9.4.1", "os": "Linux", "software": "dhcpcd 9.4.1"}
    return host
