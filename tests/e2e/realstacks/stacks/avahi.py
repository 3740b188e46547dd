"""avahi: a printer announces itself over mDNS, a workstation browses."""

from stacks import _mdns

APT = ["avahi-daemon", "avahi-utils", "dbus"]
PYPI = []

SERVICE = """<?xml version="1.0" standalone='no'?><!DOCTYPE service-group SYSTEM "avahi-service.dtd">
<service-group><name>Labels ward 4</name>
<service><type>_ipp._tcp</type><port>631</port><txt-record>ty=Brother QL-820NWB</txt-record><txt-record>usb_MFG=Brother</txt-record>
<txt-record>usb_MDL=QL-820NWB</txt-record><txt-record>rp=ipp/print</txt-record><txt-record>pdl=application/octet-stream,image/urf</txt-record>
<txt-record>note=Ward 4 desk</txt-record></service></service-group>
"""


def play(ward):
    ward.need("avahi-daemon", "avahi-browse", "dbus-daemon")
    printer, client = ward.host("BRW3C2AF4770020", "3c:2a:f4"), ward.host("ws-ward4-1", "00:74:9c")
    for host in (printer, client):
        if host is printer:
            host.write("/etc/avahi/services/label.service", SERVICE)
        _mdns.start(host)
    words = ""
    for _ in range(10):  # the first announcements take a second or two
        words = words if "QL-820NWB" in words else client.run("avahi-browse", "-t", "-r", "-p", "_ipp._tcp", timeout=30)
    assert "QL-820NWB" in words, words
    printer.true = {"name": printer.name, "maker": "Brother", "model": "QL-820NWB", "class": "printer"}
    client.true = {"name": client.name}
