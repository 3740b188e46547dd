//! What is true in the clinic, and what of it the frames can show: for tests of identification and of findings.

/// A device as it is. A text is empty where no frame says it.
#[derive(Clone, Copy, Debug)]
pub struct Truth {
    /// What it is called here.
    pub name: &'static str,
    /// Its MAC address.
    pub mac: &'static str,
    /// Its IP address.
    pub ip: &'static str,
    /// Its maker, by what it says of itself or by its address block; that of its network module does not count.
    pub maker: &'static str,
    /// Its model, where a message says it.
    pub model: &'static str,
    /// Its serial number, where a message says it.
    pub serial: &'static str,
    /// Its main software or firmware version, where a message says it.
    pub software: &'static str,
    /// What breaks with it: `life-sustaining`, `therapy`, `monitoring`, `diagnostic`, `supporting` or `not clinical`.
    pub impact: &'static str,
}

/// Something that should be found.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// What it is: one of the findings that Medwarden knows, in words.
    pub what: &'static str,
    /// The device it is about, by its name here.
    pub device: &'static str,
    /// How it shows.
    pub why: &'static str,
}

const fn truth(name: &'static str, mac: &'static str, ip: &'static str, maker: &'static str, impact: &'static str) -> Truth {
    Truth { name, mac, ip, maker, model: "", serial: "", software: "", impact }
}

impl Truth {
    const fn says(mut self, model: &'static str, serial: &'static str, software: &'static str) -> Self {
        self.model = model;
        self.serial = serial;
        self.software = software;
        self
    }
}

/// The devices that send frames.
pub const DEVICES: &[Truth] = &[
    truth("switch", "00:00:0c:52:10:01", "10.20.0.2", "Cisco", "not clinical").says("C2960X", "", "15.2(7)E3"),
    truth("router", "00:09:0f:52:10:fe", "10.20.0.1", "Fortinet", "not clinical"),
    truth("domain controller", "00:0c:29:4a:10:10", "10.20.1.10", "", "supporting"),
    truth("PACS", "00:06:5b:33:20:20", "10.20.1.20", "Dell", "supporting"),
    truth("interface engine", "00:0c:29:4a:10:30", "10.20.1.30", "", "supporting"),
    truth("log server", "00:0c:29:4a:10:40", "10.20.1.40", "", "not clinical"),
    truth("records", "00:0c:29:4a:10:50", "10.20.1.50", "", "supporting"),
    truth("CT", "88:4b:39:0c:71:11", "10.20.2.11", "Siemens", "diagnostic").says(
        "SOMATOM go.Up",
        "LAB-CT-0001",
        "syngo CT VA44A",
    ),
    truth("ultrasound", "44:4b:5d:0a:62:12", "10.20.2.12", "GE Healthcare", "diagnostic").says(
        "LOGIQ E10",
        "LAB-US-0002",
        "R2.0.4",
    ),
    truth("X-ray", "7c:94:b2:07:53:13", "10.20.2.13", "Philips", "diagnostic").says(
        "DigitalDiagnost C90",
        "LAB-DX-0003",
        "1.1.3",
    ),
    truth("haematology analyser", "00:06:6b:21:40:21", "10.20.2.21", "Sysmex", "diagnostic").says(
        "XN-1000",
        "LAB-XN-1000-001",
        "",
    ),
    truth("blood gas analyser", "00:50:c2:05:b1:22", "10.20.2.22", "Radiometer", "diagnostic").says(
        "ABL90",
        "LAB-ABL90-001",
        "3.4.2",
    ),
    truth("pump gateway", "00:0c:29:4a:10:35", "10.20.3.5", "", "therapy"),
    truth("pump", "00:03:b1:a4:00:51", "10.20.3.51", "ICU Medical", "therapy"),
    truth("pump", "00:03:b1:a4:00:52", "10.20.3.52", "ICU Medical", "therapy"),
    truth("pump", "00:03:b1:a4:00:53", "10.20.3.53", "ICU Medical", "therapy"),
    truth("central station", "00:09:fb:6e:00:60", "10.20.3.60", "Philips", "monitoring"),
    truth("monitor", "00:09:fb:3b:00:61", "10.20.3.61", "Philips", "monitoring"),
    truth("monitor", "00:09:fb:3b:00:62", "10.20.3.62", "Philips", "monitoring"),
    truth("monitor", "00:09:fb:3b:00:63", "10.20.3.63", "Philips", "monitoring"),
    truth("ventilator", "00:30:e6:1f:00:71", "10.20.3.71", "Draeger", "life-sustaining").says(
        "Evita V500",
        "LAB-VENT-0004",
        "2.51",
    ),
    truth("serial server", "00:0d:2c:05:00:72", "10.20.3.72", "Lantronix", "supporting").says("UDS1100", "", "6.11.0.7"),
    truth("printer", "00:01:e6:9d:40:31", "10.20.4.31", "HP", "not clinical").says("LaserJet Pro M404dn", "", ""),
    truth("label printer", "00:07:4d:6b:40:32", "10.20.4.32", "Zebra", "supporting"),
    truth("camera", "ac:cc:8e:58:50:41", "10.20.5.41", "Axis", "not clinical"),
    truth("old workstation", "00:08:74:21:40:21", "10.20.4.21", "Dell", "not clinical"),
    truth("workstation", "00:06:5b:75:40:22", "10.20.4.22", "Dell", "not clinical"),
    truth("administrator's laptop", "00:06:5b:76:40:23", "10.20.4.23", "Dell", "not clinical"),
    // A ventilation controller behind a network module: its maker is not to be read from the module's address block.
    truth("ventilation controller", "00:0d:2c:08:50:51", "10.20.5.51", "", "not clinical"),
];

const fn fault(what: &'static str, device: &'static str, why: &'static str) -> Fault {
    Fault { what, device, why }
}

/// What is wrong in the clinic.
pub const FAULTS: &[Fault] = &[
    fault("cleartext PHI", "CT", "DICOM C-STORE and worklist to the PACS without TLS"),
    fault("cleartext PHI", "ultrasound", "DICOM C-STORE and worklist to the PACS without TLS"),
    fault("cleartext PHI", "X-ray", "DICOM C-STORE and worklist to the PACS without TLS"),
    fault("cleartext PHI", "haematology analyser", "HL7 ORU over MLLP"),
    fault("cleartext PHI", "blood gas analyser", "HL7 ORU over MLLP"),
    fault("cleartext PHI", "interface engine", "HL7 ADT over MLLP"),
    fault("cleartext PHI", "central station", "HL7 ORU over MLLP"),
    fault("cleartext PHI", "ventilator", "HL7 ORU over MLLP"),
    fault("default credential used", "printer", "HTTP Basic with admin and admin; SNMP community public"),
    fault("default credential used", "camera", "HTTP Basic with root and pass"),
    fault("cleartext management login", "serial server", "Telnet log-in of an administrator"),
    fault("cleartext management login", "printer", "HTTP Basic without TLS"),
    fault("obsolete TLS", "PACS", "TLS 1.0 with a key of 1024 bits"),
    fault("expired certificate", "interface engine", "certificate of the console ran out on 2025-01-31"),
    fault("SMBv1", "old workstation", "negotiates NT LM 0.12"),
    fault("SMBv1", "domain controller", "takes NT LM 0.12"),
    fault("unsupported OS", "old workstation", "session setup says Windows 2002 Service Pack 3, which is Windows XP"),
    fault("unexpected internet destination", "ultrasound", "posts to collect.usage-stats.example, 198.51.100.23"),
    fault("vendor remote tool", "haematology analyser", "TeamViewer by name and TLS server name"),
    fault("vendor access from outside", "ultrasound", "SSH from 203.0.113.77"),
    fault("wrong clock", "blood gas analyser", "two hours behind in SNTP, syslog and HL7"),
];
