"""inetutils telnetd: a default account logs in over Telnet."""

APT = ["inetutils-telnetd", "inetutils-inetd", "inetutils-telnet"]
PYPI = []


def play(ward):
    ward.need("telnetd", "inetutils-inetd", "inetutils-telnet")
    server, client = ward.host("moxa-nport-3", "00:90:e8"), ward.host("ws-biomed-4", "3c:2a:f4")
    server.run("sh", "-c", "useradd -M -d / -s /bin/sh admin; echo admin:admin | chpasswd")
    config = server.write("inetd.conf", "telnet stream tcp nowait root /usr/sbin/telnetd telnetd\n")
    server.start("inetutils-inetd", "-d", "-p/run/inetd.pid", config, tcp=23)
    typed = "(sleep 2; printf 'admin\\r'; sleep 1.5; printf 'admin\\r'; sleep 2; printf 'hostname; exit\\r'; sleep 1.5)"
    words = client.run("sh", "-c", f"{typed} | script -qec 'inetutils-telnet {server.ip}' /dev/null", ok=None)
    assert server.name in words.split("assword")[-1], words
    ward.talk(client, server, "telnet", 23, encryption="cleartext")
    ward.finding("default-credential", server)
    ward.finding("cleartext-login", server)
