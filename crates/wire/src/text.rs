//! Text in the forms that office protocols use, and whose names may be told.

/// Reads UTF-16 in little-endian order up to the first NUL; an odd last octet is dropped, broken pairs are replaced.
#[must_use]
pub(crate) fn utf16_le(octets: &[u8]) -> String {
    let (pairs, _) = octets.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).take_while(|&unit| unit != 0);
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// The octets before the first NUL.
#[must_use]
pub(crate) fn until_nul(octets: &[u8]) -> &[u8] {
    memchr::memchr(0, octets).and_then(|end| octets.get(..end)).unwrap_or(octets)
}

/// Nanoseconds since 1970 of `YYYYMMDDHHMMSS`, with or without a fraction, in UTC (`Z`): GeneralizedTime (X.680 §46).
pub(crate) fn generalized_time(octets: &[u8]) -> Option<i64> {
    let digits = octets.first_chunk::<14>()?;
    if octets.last() != Some(&b'Z') || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut fields = [4, 2, 2, 2, 2, 2].into_iter().scan(digits.as_slice(), |rest, len| {
        let (head, tail) = rest.split_at_checked(len)?;
        *rest = tail;
        Some(head.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0')))
    });
    let mut next = || fields.next().unwrap_or_default();
    let (year, month, day, hour, minute, second) = (next(), next(), next(), next(), next(), next());
    if !(1970..=2200).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
    seconds.checked_mul(1_000_000_000)
}

/// Days of a date of the Gregorian calendar, counted in years that begin in March so that the leap day is the last.
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year / 4 - year / 100 + year / 400;
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// Names that accounts of services, machines and administrators bear, in lower case.
const SERVICE_NAMES: &[&str] = &[
    "adm",
    "admin",
    "administrator",
    "administrateur",
    "administrador",
    "amministratore",
    "anonymous",
    "backup",
    "daemon",
    "dba",
    "default",
    "dicom",
    "ftp",
    "guest",
    "gast",
    "invite",
    "ldap",
    "local",
    "localadmin",
    "manager",
    "monitor",
    "mssql",
    "mysql",
    "nagios",
    "nobody",
    "operator",
    "oracle",
    "pacs",
    "postgres",
    "postgresql",
    "proxy",
    "public",
    "replication",
    "repl",
    "root",
    "sa",
    "scanner",
    "service",
    "sql",
    "sqladmin",
    "support",
    "supervisor",
    "sysadmin",
    "sysdba",
    "system",
    "test",
    "testuser",
    "user",
    "webadmin",
    "www",
    "www-data",
    "zabbix",
];

/// What names of such accounts begin with, in lower case.
const SERVICE_PREFIXES: &[&str] =
    &["svc", "srv_", "srv-", "sa_", "sa-", "backup", "test", "service", "admin", "msol_", "iusr", "sql"];

/// True for names of machines (`…$`), services and built-in administrators. Any other name may be a clinician's own and is not told.
#[must_use]
pub(crate) fn is_service_account(name: &str) -> bool {
    let name = name.rsplit(['\\', '/']).next().unwrap_or(name);
    let name = name.split('@').next().unwrap_or(name).trim().to_ascii_lowercase();
    if name.len() > 1 && name.ends_with('$') {
        return true;
    }
    SERVICE_NAMES.contains(&name.as_str()) || SERVICE_PREFIXES.iter().any(|prefix| tail_is_plain(&name, prefix))
}

/// After the prefix come only digits, a separator and what follows it, or nothing: `svc-backup`, `test3`, but not `adminson`.
fn tail_is_plain(name: &str, prefix: &str) -> bool {
    let Some(tail) = name.strip_prefix(prefix) else {
        return false;
    };
    tail.starts_with(['_', '-', '.']) || prefix.ends_with(['_', '-']) || tail.bytes().all(|octet| octet.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits() {
        assert_eq!(utf16_le(b"P\0C\0\0\0x\0"), "PC");
        assert_eq!(utf16_le(&[0x3d, 0xd8, b'!', 0, b'z']), "\u{fffd}!");
    }

    #[test]
    fn times() {
        assert_eq!(generalized_time(b"19700101000000Z"), Some(0));
        assert_eq!(generalized_time(b"20240229120000.0Z"), Some(1_709_208_000_000_000_000));
        assert_eq!(generalized_time(b"20241301000000Z"), None);
        assert_eq!(generalized_time(b"2024"), None);
    }

    #[test]
    fn names_of_people_are_not_service_accounts() {
        for name in
            ["Administrator", "PC-7$", "CLINIC\\svc_pacs", "svc-backup", "root", "test2", "sa", "Guest", "backup@clinic.example"]
        {
            assert!(is_service_account(name), "{name}");
        }
        for name in ["jdoe", "", "$", "Testament", "administra.tor", "robert", "srvinson", "CLINIC\\mary", "svcetlana"] {
            assert!(!is_service_account(name), "{name}");
        }
    }
}
