"""vsftpd: a default account logs in over FTP in the clear and fetches a file."""

APT = ["vsftpd", "lftp"]
PYPI = []

CONFIG = """listen=YES
listen_port=21
background=NO
local_enable=YES
anonymous_enable=NO
pasv_enable=YES
seccomp_sandbox=NO
pam_service_name=vsftpd
secure_chroot_dir=/run/empty
"""


def play(ward):
    ward.need("vsftpd", "lftp")
    server, client = ward.host("cr-reader-1", "08:00:66"), ward.host("ws-service-9", "00:50:56")  # AGFA
    server.run("sh", "-c", "mkdir /run/empty && mkdir -p /var/tmp/admin && useradd -d /var/tmp/admin -s /bin/sh admin && "
                           "echo admin:admin | chpasswd && echo calibration > /var/tmp/admin/values.txt && chown -R admin /var/tmp/admin")
    config = server.write("/etc/vsftpd.conf", CONFIG)
    server.start("vsftpd", config, tcp=21)
    words = client.run("lftp", "-u", "admin,admin", "-e", "set ssl:initial-prot ''; set ftp:ssl-allow no; cat values.txt; quit", f"ftp://{server.ip}")
    assert "calibration" in words, words
    server.true = {"software": "vsftpd 3.0"}
    ward.talk(client, server, "ftp", 21, encryption="cleartext")
    ward.finding("default-credential", server)
    ward.finding("cleartext-login", server)
