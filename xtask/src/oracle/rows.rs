//! Which of our protocols answers to which of tshark's.

/// A line of the comparison.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Its name here and in the table of misses.
    pub(super) name: &'static str,
    /// Our ids; one of them suffices.
    pub(super) ours: &'static [&'static str],
    /// tshark's names in `frame.protocols`; one of them suffices.
    pub(super) theirs: &'static [&'static str],
    /// Named in the list of protocols that have to be found, so that the bar holds for it.
    pub(super) required: bool,
}

const fn required(name: &'static str, ours: &'static [&'static str], theirs: &'static [&'static str]) -> Row {
    Row { name, ours, theirs, required: true }
}

/// Every protocol that both know. Not here because tshark has no name for them: FDP's neighbours on other numbers,
/// WS-Discovery (`xml` or `data` to tshark), raw printing, vendors' remote tools.
pub(super) const ROWS: &[Row] = &[
    required("arp", &["arp"], &["arp"]),
    required("bacnet", &["bacnet"], &["bvlc"]),
    required("cdp", &["cdp"], &["cdp"]),
    Row { name: "dcerpc", ours: &["dcerpc"], theirs: &["dcerpc"], required: false },
    required("dhcp", &["dhcp"], &["dhcp"]),
    required("dhcpv6", &["dhcpv6"], &["dhcpv6"]),
    required("dicom", &["dicom"], &["dicom"]),
    required("dns", &["dns"], &["dns"]),
    required("dtls", &["dtls"], &["dtls"]),
    required("eapol", &["eapol"], &["eapol"]),
    required("edp", &["edp"], &["edp"]),
    required("enip", &["enip"], &["enip"]),
    required("fdp", &["fdp"], &["fdp"]),
    required("ftp", &["ftp"], &["ftp"]),
    required("hl7", &["hl7"], &["hl7"]),
    required("hsrp", &["hsrp"], &["hsrp"]),
    required("http", &["http", "ipp"], &["http"]),
    required("icmp", &["icmp"], &["icmp"]),
    required("icmpv6", &["icmpv6"], &["icmpv6"]),
    required("igmp", &["igmp"], &["igmp"]),
    required("imap", &["imap"], &["imap"]),
    required("ipp", &["ipp"], &["ipp"]),
    required("kerberos", &["kerberos"], &["kerberos", "krb4"]),
    required("ldap", &["ldap"], &["ldap", "cldap"]),
    required("lldp", &["lldp"], &["lldp"]),
    required("llmnr", &["llmnr"], &["llmnr"]),
    required("lpd", &["lpd"], &["lpd"]),
    required("mdns", &["mdns"], &["mdns"]),
    required("modbus", &["modbus"], &["mbtcp", "mbudp"]),
    required("mqtt", &["mqtt"], &["mqtt"]),
    required("mssql", &["mssql"], &["tds"]),
    required("mysql", &["mysql"], &["mysql"]),
    required("nbns", &["nbns"], &["nbns", "nbdgm"]),
    required("nbss", &["nbss", "smb"], &["nbss"]),
    required("ntp", &["ntp"], &["ntp"]),
    required("opcua", &["opcua"], &["opcua"]),
    required("pop3", &["pop3"], &["pop"]),
    required("postgresql", &["postgresql"], &["pgsql"]),
    required("quic", &["quic"], &["quic", "gquic"]),
    required("radius", &["radius"], &["radius"]),
    required("rdp", &["rdp"], &["rdp"]),
    required("s7", &["s7"], &["s7comm"]),
    required("sip", &["sip"], &["sip"]),
    required("smb", &["smb"], &["smb", "smb2"]),
    required("smtp", &["smtp"], &["smtp"]),
    required("snmp", &["snmp"], &["snmp"]),
    required("ssdp", &["ssdp"], &["ssdp"]),
    required("ssh", &["ssh"], &["ssh"]),
    required("stp", &["stp"], &["stp"]),
    required("syslog", &["syslog"], &["syslog"]),
    required("tacacs", &["tacacs"], &["tacplus", "tacacs"]),
    required("telnet", &["telnet"], &["telnet"]),
    required("tftp", &["tftp"], &["tftp"]),
    required("tls", &["tls"], &["tls", "ssl"]),
    required("vnc", &["vnc"], &["vnc"]),
    required("vrrp", &["vrrp"], &["vrrp"]),
];
