"""FreeRADIUS: a switch asks whether somebody may sign on; one may, one may not."""

APT = ["freeradius", "freeradius-utils"]
PYPI = []


def play(ward):
    ward.need("freeradius", "radclient")
    server, switch = ward.host("nac-01", "00:0c:29"), ward.host("sw-ward4-1", "00:01:42")  # Cisco
    monitor = ward.host("monitor-bed12", "00:09:5c", dhcp=True)  # it signs on at the switch, and is known by that
    server.write("/etc/freeradius/3.0/clients.conf", "client net { ipaddr = 10.77.0.0/24\n secret = testing123\n require_message_authenticator = no }\n", 0o644)
    server.write("/etc/freeradius/3.0/mods-config/files/authorize", 'techservice Cleartext-Password := "moonwhistle9"\n', 0o644)
    server.run("sh", "-c", "mkdir -p /run/freeradius /var/log/freeradius; chown -R freerad /run/freeradius /var/log/freeradius /etc/freeradius")
    server.start("freeradius", "-f", "-l", "stdout", udp=1812)
    request = (f'User-Name = "techservice"\nUser-Password = "{{}}"\nNAS-IP-Address = {switch.ip}\nNAS-Identifier = "{switch.name}"\n'
               f'NAS-Port = 14\nNAS-Port-Type = Ethernet\nCalling-Station-Id = "{monitor.mac.replace(":", "-").upper()}"\n')
    good = switch.run("radclient", "-x", f"{server.ip}:1812", "auth", "testing123", stdin=request.format("moonwhistle9"))
    bad = switch.run("radclient", "-x", f"{server.ip}:1812", "auth", "testing123", stdin=request.format("wrongwhistle"), ok=None)
    assert "Access-Accept" in good and "Access-Reject" in bad, good + bad
    switch.true = {"name": switch.name}
    ward.talk(switch, server, "radius", 1812, transport="udp")
    ward.never("moonwhistle9", "wrongwhistle", "testing123")
