"""Net-SNMP: an agent is asked with the community "public", and with version 3."""

APT = ["snmpd", "snmp"]
PYPI = []

CONFIG = """agentaddress udp:161
rocommunity public
syslocation Ward 4 west, closet 2
syscontact biomed
sysname {name}
sysdescr APC Web/SNMP Management Card (MB:v4.1.0 PF:v6.4.0 PN:apc_hw05_aos_640.bin AF1:v6.4.0 MN:AP9630 HR:05 SN: ZA1140033921)
createUser monitor SHA snmpauthword AES snmpprivword
rouser monitor
"""


def play(ward):
    ward.need("snmpd", "snmpget", "snmpwalk")
    agent, manager = ward.host("ups-closet-2", "28:29:86"), ward.host("nms-01", "00:50:56")
    config = agent.write("snmpd.conf", CONFIG.format(name=agent.name))
    agent.start("snmpd", "-f", "-Lo", "-C", "-c", config, "-p", "/run/snmpd.pid", udp=161)
    words = manager.run("snmpwalk", "-v2c", "-c", "public", agent.ip, "1.3.6.1.2.1.1")
    assert agent.name in words, words
    words = manager.run("snmpget", "-v3", "-l", "authPriv", "-u", "monitor", "-a", "SHA", "-A", "snmpauthword", "-x", "AES", "-X", "snmpprivword",
                        agent.ip, "1.3.6.1.2.1.1.5.0")
    assert agent.name in words, words
    agent.true = {"name": agent.name, "maker": "APC", "model": "AP9630", "serial": "ZA1140033921", "location": "Ward 4 west"}
    ward.talk(manager, agent, "snmp", 161, transport="udp")
    ward.finding("default-credential", agent)
    ward.never("snmpauthword", "snmpprivword")
