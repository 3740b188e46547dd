"""Samba: a workstation logs in to a share of a file server and stores a file."""

APT = ["samba", "smbclient"]
PYPI = []

CONFIG = """[global]
netbios name = {name}
workgroup = NORTHWARD
server string = Report store
security = user
map to guest = never
passdb backend = tdbsam:/run/passdb.tdb
private dir = /run
lock directory = /run
state directory = /run
cache directory = /run
pid directory = /run
disable spoolss = yes
load printers = no
server role = standalone server
[reports]
path = {folder}/reports
read only = no
force user = root
"""


def play(ward):
    ward.need("smbd", "smbclient", "smbpasswd")
    server, client = ward.host("report-nas", "00:11:32"), ward.host("ws-read-2", "00:74:9c")
    (server.folder / "reports").mkdir()
    server.run("useradd", "-M", "radiology")
    server.run("mkdir", "-p", "/var/log/samba", "/run/samba/ncalrpc")
    config = server.write("smb.conf", CONFIG.format(name=server.name, folder=server.folder))
    server.run("smbpasswd", "-c", config, "-a", "-s", "radiology", stdin="gloomwort7\ngloomwort7\n")
    server.start("smbd", "--foreground", "--no-process-group", "-s", config, "--debug-stdout", tcp=445)
    client.write("note.txt", "nothing of note")
    client.run("smbclient", f"//{server.ip}/reports", "-U", "radiology%gloomwort7", "-W", "NORTHWARD", "-c", "put note.txt")
    server.true = {"name": server.name}
    ward.talk(client, server, "smb", 445)
    ward.never("gloomwort7")
