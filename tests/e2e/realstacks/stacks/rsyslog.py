"""rsyslog: a log host takes messages over UDP, TCP and TLS from another rsyslog."""

APT = ["rsyslog", "rsyslog-gnutls", "openssl", "bsdutils"]
PYPI = []

SERVER = """module(load="imudp") input(type="imudp" port="514")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="{mode}" StreamDriver.AuthMode="anon")
input(type="imtcp" port="{port}")
global(workDirectory="/run" DefaultNetstreamDriverCAFile="{cert}" DefaultNetstreamDriverCertFile="{cert}" DefaultNetstreamDriverKeyFile="{key}")
*.* action(type="omfile" file="/run/got")
"""
CLIENT = """module(load="imudp") input(type="imudp" port="5514" address="127.0.0.1")
global(workDirectory="/run" DefaultNetstreamDriverCAFile="{cert}")
*.* action(type="omfwd" target="{ip}" port="514" protocol="udp" template="RSYSLOG_SyslogProtocol23Format")
*.* action(type="omfwd" target="{ip}" port="601" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format" TCP_Framing="octet-counted")
*.* action(type="omfwd" target="{ip}" port="6514" protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="anon")
"""


def play(ward):
    ward.need("rsyslogd", "logger", "openssl")
    server, client = ward.host("loghost-1", "00:0c:29"), ward.host("vna-store-2", "0c:c4:7a")
    cert, key = server.folder / "cert.pem", server.folder / "key.pem"
    server.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", f"/CN={server.name}.ward.example", "-keyout", key,
               "-out", cert)
    for number, (mode, port) in enumerate(((0, 601), (1, 6514))):
        text = SERVER.format(mode=mode, port=port, cert=cert, key=key)
        if number:  # one listens to UDP
            text = "\n".join(text.splitlines()[1:]) + "\n"
        config = server.write(f"rsyslog-{port}.conf", text)
        server.start("rsyslogd", "-n", "-f", config, "-i", f"/run/rsyslog-{port}.pid", tcp=port)
    config = client.write("rsyslog.conf", CLIENT.format(ip=server.ip, cert=cert))
    client.start("rsyslogd", "-n", "-f", config, "-i", "/run/rsyslog.pid", udp=5514)
    for number in range(3):
        client.run("logger", "-n", "127.0.0.1", "-P", "5514", "-d", "--rfc5424", "-t", "vna", f"import run {number} for Tatterfoot^Wilhelmina done")
    server.run("sh", "-c", "for i in $(seq 50); do [ $(grep -c Tatterfoot /run/got) -ge 9 ] && exit; sleep 0.2; done; wc -l /run/got; exit 1")
    client.true = {"name": client.name}
    ward.talk(client, server, "syslog", 514, transport="udp", encryption="cleartext")
    ward.talk(client, server, "syslog", 601, encryption="cleartext")
    ward.talk(client, server, "tls", 6514, encryption="strong")
    ward.never("Tatterfoot", "Wilhelmina")
