"""CUPS: its IPP printer is asked what it is and given a job; a print server answers clients."""

from stacks import _mdns

APT = ["cups", "cups-client", "cups-ipp-utils", "avahi-daemon", "dbus"]
PYPI = []

SERVER = """Listen 0.0.0.0:631
Browsing Off
WebInterface Yes
<Location />
Order allow,deny
Allow all
</Location>
"""


def play(ward):
    ward.need("ippeveprinter", "ipptool", "cupsd", "lpstat")
    printer, server, client = ward.host("wristband-zd5", "00:07:4d"), ward.host("print-01", "00:50:56"), ward.host("ws-adm-2", "00:74:9c")
    _mdns.start(printer)
    printer.start("ippeveprinter", "-M", "Zebra", "-m", "ZD510", "-l", "Admissions desk", "-p", "631", "-d", printer.folder,
                  "-f", "application/pdf,image/urf", "Wristbands", tcp=631)
    words = client.run("ipptool", "-tv", f"ipp://{printer.ip}:631/ipp/print", "get-printer-attributes.test", ok=None)
    assert "ZD510" in words, words
    server.write("/etc/cups/cupsd.conf", SERVER)
    server.start("cupsd", "-f", tcp=631)
    client.run("lpstat", "-h", f"{server.ip}:631", "-r")
    client.run("ipptool", "-tv", f"ipp://{server.ip}:631/", "get-completed-jobs.test", ok=None)
    printer.true = {"maker": "Zebra", "model": "ZD510", "class": "printer"}
    server.true = {"software": "CUPS"}
    ward.talk(client, printer, "ipp", 631, encryption="cleartext")
    ward.talk(client, server, "ipp", 631, encryption="cleartext")
