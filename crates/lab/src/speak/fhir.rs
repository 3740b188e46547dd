//! HL7 FHIR R4 over HTTP (HL7 FHIR R4 §3.1), in JSON.

use super::http;

/// Content type of resources.
pub const JSON: &str = "application/fhir+json;charset=utf-8";

/// A client asks for a resource: `/fhir/metadata`, `/fhir/Patient?family=…`.
#[must_use]
pub fn get(host: &str, path: &str, agent: &str) -> Vec<u8> {
    http::request("GET", host, path, &[("User-Agent", agent), ("Accept", "application/fhir+json")], b"")
}

/// A client stores a resource.
#[must_use]
pub fn post(host: &str, path: &str, agent: &str, resource: &str) -> Vec<u8> {
    let headers = [("User-Agent", agent), ("Content-Type", "application/fhir+json")];
    http::request("POST", host, path, &headers, resource.as_bytes())
}

/// The server answers with a resource.
#[must_use]
pub fn answer(server: &str, resource: &str) -> Vec<u8> {
    http::ok(server, JSON, resource.as_bytes())
}

/// What a server can: its software's name and version.
#[must_use]
pub fn capabilities(software: &str, version: &str) -> String {
    format!(
        "{{\"resourceType\":\"CapabilityStatement\",\"status\":\"active\",\"date\":\"2026-01-01\",\"kind\":\"instance\",\"software\":\
         {{\"name\":\"{software}\",\"version\":\"{version}\"}},\"implementation\":{{\"description\":\"records of a clinic\"}},\
         \"fhirVersion\":\"4.0.1\",\"format\":[\"json\",\"xml\"],\"rest\":[{{\"mode\":\"server\",\"resource\":[{{\"type\":\"Patient\"}}]}}]}}"
    )
}

/// A device on record.
#[must_use]
pub fn device(id: &str, maker: &str, model: &str, serial: &str, version: &str) -> String {
    format!(
        "{{\"resourceType\":\"Device\",\"id\":\"{id}\",\"status\":\"active\",\"manufacturer\":\"{maker}\",\"serialNumber\":\"{serial}\",\
         \"modelNumber\":\"{model}\",\"version\":[{{\"value\":\"{version}\"}}]}}"
    )
}

/// A patient.
#[must_use]
pub fn patient(id: &str, family: &str, given: &str, birth: &str) -> String {
    format!(
        "{{\"resourceType\":\"Patient\",\"id\":\"{id}\",\"name\":[{{\"family\":\"{family}\",\"given\":[\"{given}\"]}}],\
         \"birthDate\":\"{birth}\"}}"
    )
}

/// A measurement of a patient.
#[must_use]
pub fn observation(patient: &str, loinc: &str, value: &str, unit: &str) -> String {
    format!(
        "{{\"resourceType\":\"Observation\",\"status\":\"final\",\"code\":{{\"coding\":[{{\"system\":\"http://loinc.org\",\"code\":\"{loinc}\"\
         }}]}},\"subject\":{{\"reference\":\"Patient/{patient}\"}},\"valueQuantity\":{{\"value\":{value},\"unit\":\"{unit}\"}}}}"
    )
}
