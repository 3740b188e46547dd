"""OpenSSH: a log-in by key from a workstation to a server."""

APT = ["openssh-server", "openssh-client"]
PYPI = []

CONFIG = """Port 22
HostKey {key}
PidFile none
UsePAM no
PermitRootLogin yes
StrictModes no
PasswordAuthentication no
AuthorizedKeysFile {folder}/client.pub
"""


def play(ward):
    ward.need("sshd", "ssh", "ssh-keygen")
    server = ward.host("pacs-gw-01", "00:25:90")  # Super Micro
    client = ward.host("ws-biomed-3", "3c:2a:f4")
    for host, name in ((server, "host_key"), (client, "client")):
        host.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", host.folder / name)
    server.write("client.pub", (client.folder / "client.pub").read_text())
    config = server.write("sshd_config", CONFIG.format(key=server.folder / "host_key", folder=server.folder))
    server.start("/usr/sbin/sshd", "-D", "-e", "-f", config, tcp=22)
    words = client.run("ssh", "-i", client.folder / "client", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                       "-o", "LogLevel=ERROR", f"root@{server.ip}", "hostname")
    assert server.name in words, words
    version = server.run("ssh", "-V").split()[0].split("_")[1].rstrip(",")
    server.true = {"software": f"OpenSSH {version}", "os": "Debian"}
    client.true = dict(server.true)
    ward.talk(client, server, "ssh", 22, encryption="strong")
