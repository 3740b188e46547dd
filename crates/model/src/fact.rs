//! The vocabulary of facts: what can be said of an endpoint or a conversation, whatever the protocol that said it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a fact means. The protocol and its field are the evidence; the kind is what inventory reasons with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    // --- names and keys: what ties interfaces together -------------------------------------------------------------
    /// A single-label host name the device gives itself (DHCP 12, mDNS, NTLM workstation …).
    HostName,
    /// A fully qualified name of the device.
    Fqdn,
    /// The domain or workgroup the device belongs to.
    Domain,
    /// DHCPv4 client identifier (RFC 2132 §9.14), hexadecimal.
    DhcpClientId,
    /// DHCPv6 DUID (RFC 8415 §11), hexadecimal.
    Duid,
    /// SHA-256 of the public key in the device's own certificate or host key, hexadecimal.
    CertificateKey,
    /// SNMP engine id (RFC 3411 §5), hexadecimal.
    SnmpEngineId,
    /// DICOM application entity title by which the endpoint calls itself.
    AeTitle,
    /// IEEE EUI-64 of the device (HL7 v2 OBX-18, 11073).
    Eui64,
    /// Unique device identifier, in GS1, HIBCC or ICCBBA form.
    Udi,
    /// A UUID the device gives itself (UPnP UDN, WS-Addressing endpoint reference, SMB server GUID …).
    Uuid,
    /// A MAC address the device states as its own inside a protocol.
    OwnMac,
    /// An IP address the device states as its own inside a protocol (LLDP management address, CDP addresses).
    OwnAddress,

    // --- said outright by the device -------------------------------------------------------------------------------
    /// Maker as the device states it.
    Maker,
    /// Model as the device states it.
    Model,
    /// Serial number of the device, never of a patient, specimen or order.
    Serial,
    /// Firmware or main software version as the device states it.
    Firmware,
    /// Name and version of a piece of software on the device.
    Software,
    /// Hardware revision as the device states it.
    Hardware,
    /// Operating system as the device states it.
    Os,
    /// What sort of thing it says it is (DICOM modality, DPWS or UPnP type, LLDP capability …).
    DeviceType,
    /// Station name (DICOM (0008,1010)) or the like.
    StationName,
    /// Where it says it stands.
    Location,

    // --- marks that knowledge turns into the above -----------------------------------------------------------------
    /// DHCP vendor class (option 60, DHCPv6 16).
    VendorClass,
    /// DHCP parameter request list (option 55), numbers joined by commas.
    DhcpParameters,
    /// A client's own product string: HTTP User-Agent, SIP User-Agent, MQTT client id prefix …
    UserAgent,
    /// A server's product string: HTTP Server, SSH, FTP, SMTP, POP3, IMAP, Telnet, SIP, RTSP, database greeting.
    ServerBanner,
    /// HTTP authentication realm.
    HttpRealm,
    /// SNMP sysDescr.0.
    SysDescr,
    /// SNMP sysObjectID.0, dotted.
    SysObjectId,
    /// DNS-SD service type offered (`_ipp._tcp`).
    ServiceType,
    /// DNS-SD TXT entry, `key=value`, of the keys that describe the product.
    ServiceText,
    /// SSDP/UPnP Server header, device type or search target.
    Upnp,
    /// WS-Discovery types and scopes.
    DpwsType,
    /// DICOM implementation class UID.
    ImplementationUid,
    /// DICOM implementation version name.
    ImplementationVersion,
    /// HL7 v2 sending or receiving application and facility.
    Hl7Application,
    /// JA4 fingerprint of a TLS, DTLS or QUIC client.
    Ja4,
    /// Subject or issuer of a certificate that the endpoint presents.
    CertificateName,
    /// Enterprise number of the maker of the SNMP agent, from the engine id or sysObjectID.
    EnterpriseNumber,
    /// TCP SYN or DHCP traits of the IP stack, as one short text.
    StackTraits,
    /// Building or plant protocol identity field not covered above (BACnet object name, EtherNet/IP product name …).
    ProductName,

    // --- addresses and the network ---------------------------------------------------------------------------------
    /// This MAC holds this IP on the link (ARP, ND, DHCP acknowledge).
    Binding,
    /// A lease: the address a DHCP server acknowledged, with its time in seconds.
    Lease,
    /// The endpoint is a router (router advertisement, DHCP option 3, redirect, VRRP, HSRP, IGMP querier …).
    Router,
    /// The endpoint hands out addresses.
    DhcpServer,
    /// The endpoint answers names.
    NameServer,
    /// The endpoint serves time.
    TimeServer,
    /// A virtual MAC or IP shared by routers (VRRP, HSRP).
    VirtualAddress,
    /// A name was resolved to the subject address.
    DnsName,
    /// The subnet mask or prefix length of the link.
    Prefix,
    /// The switch port or interface that the neighbour protocol names.
    PortId,
    /// VLAN the neighbour protocol or the tag names.
    Vlan,
    /// Multicast group joined.
    Group,

    // --- conversations ---------------------------------------------------------------------------------------------
    /// Protocol version, such as `TLS 1.2`, `SMB 1`, `SNMPv2c`, `SSH-2.0`.
    ProtocolVersion,
    /// Cipher suite or algorithm chosen.
    Cipher,
    /// A chosen cipher suite, algorithm or key that still protects but should be replaced (RFC 9325 §4); its name.
    CipherWeak,
    /// A chosen cipher suite, algorithm or key that protects no more (none, export, RC4, single DES …); its name.
    CipherBroken,
    /// Server name that the client asked for (SNI, HTTP Host, SIP domain).
    ServerName,
    /// Application protocol agreed (ALPN).
    Alpn,
    /// Certificate validity end.
    CertificateNotAfter,
    /// Certificate validity start.
    CertificateNotBefore,
    /// Public key kind and bits of the certificate, such as `RSA 1024`.
    CertificateKeyKind,
    /// The certificate is signed by itself.
    CertificateSelfSigned,
    /// A log-in was tried; the value is its scheme (`basic`, `ntlm`, `password`, `public key`, `snmp community` …).
    LoginTried,
    /// A log-in succeeded.
    LoginSucceeded,
    /// A log-in failed.
    LoginFailed,
    /// A user name or account used, where it names a service account or person who administers.
    Account,
    /// A name and secret were seen in the clear. Never stored: the sensor matches and drops it.
    Credential,
    /// A known default credential was used; the value names the knowledge entry, never the secret.
    DefaultCredential,
    /// The same secret was seen on several servers; the value is a group number within this run.
    SharedCredential,
    /// PHI crossed in the clear; the value counts the fields, never their contents.
    Phi(PhiKind),
    /// The sender's own clock, read from a protocol that carries one.
    Clock,
    /// Content type, command or operation of interest (`C-STORE`, `ORU^R01`, `application/pdf`, `write multiple registers`).
    Operation,
    /// A management function was used (console, file transfer, shell, remote desktop, configuration write).
    Management,
    /// Remote support tool seen.
    RemoteTool,
    /// The exchange was redirected, upgraded or tunnelled to something else.
    Tunnel,
}

/// Kinds of protected health information (45 CFR 160.103; the identifiers of 164.514(b)(2)) that a field can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhiKind {
    /// Patient's or relative's name.
    Name,
    /// Patient, account, record, visit, beneficiary or social security number.
    Identifier,
    /// Date of birth, or a date of care tied to a person.
    BirthDate,
    /// Address, telephone, e-mail.
    Contact,
    /// Sex, race, religion, weight and other traits of a person.
    Demographic,
    /// Accession, order, specimen or study number.
    OrderNumber,
    /// Result, finding, diagnosis, allergy, medication or waveform.
    Clinical,
    /// Image, document or other object about a patient.
    Document,
    /// Free text that may hold any of these.
    FreeText,
}

impl PhiKind {
    /// The words that reports use, plural.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Name => "names",
            Self::Identifier => "patient identifiers",
            Self::BirthDate => "birth dates",
            Self::Contact => "contact details",
            Self::Demographic => "demographics",
            Self::OrderNumber => "order numbers",
            Self::Clinical => "clinical results",
            Self::Document => "images or documents",
            Self::FreeText => "free text",
        }
    }
}

impl FactKind {
    /// The fact belongs to a conversation, not to the endpoint it was learnt from.
    #[must_use]
    pub const fn is_of_conversation(self) -> bool {
        use FactKind as K;
        matches!(
            self,
            K::ProtocolVersion
                | K::Cipher
                | K::CipherWeak
                | K::CipherBroken
                | K::ServerName
                | K::Alpn
                | K::LoginTried
                | K::LoginSucceeded
                | K::LoginFailed
                | K::Account
                | K::Credential
                | K::DefaultCredential
                | K::SharedCredential
                | K::Phi(_)
                | K::Operation
                | K::Management
                | K::RemoteTool
                | K::Tunnel
        )
    }
}
