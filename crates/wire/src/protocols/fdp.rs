//! Foundry Discovery Protocol.

use model::FactKind;

use super::cdp::{self, Fields};
use crate::fact::{Field, Sink};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Neighbour protocol of Foundry's, later Brocade's and Ruckus', switches.
pub struct Fdp;

static INFO: Info = Info {
    id: "fdp",
    name: "FDP",
    doc: "Name, platform, software and port of Foundry, Brocade and Ruckus switches (Foundry Discovery Protocol, built like CDP \
          version 1). Names the infrastructure that clinical devices hang on.",
    hints: &[Hint::Snap(0x00_e052, 0x2000)],
};

static FIELDS: Fields = Fields {
    name: Field::new("fdp.device-id", "FDP device id", FactKind::HostName),
    fqdn: Field::new("fdp.device-id", "FDP device id", FactKind::Fqdn),
    address: Field::new("fdp.address", "FDP address", FactKind::OwnAddress),
    port: Field::new("fdp.port", "FDP interface", FactKind::PortId),
    capability: Field::new("fdp.capabilities", "FDP capabilities", FactKind::DeviceType),
    router: Field::new("fdp.capabilities", "FDP capabilities (router)", FactKind::Router),
    software: Field::new("fdp.software", "FDP version", FactKind::SysDescr),
    platform: Field::new("fdp.platform", "FDP platform", FactKind::Model),
};

/// From bit 0.
const CAPABILITIES: [&str; 5] = ["router", "bridge", "bridge (source route)", "switch", "host"];

impl Protocol for Fdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        cdp::each_item(context, payload, out, |kind, value, out| match kind {
            2 => cdp::addresses(value, &FIELDS.address, out),
            4 => cdp::capabilities(value, &FIELDS, &CAPABILITIES, out),
            _ => cdp::common(kind, value, &FIELDS, out),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::datagrams;
    use crate::protocol::Direction;

    #[test]
    fn a_switch_describes_itself() {
        let message = [&[1, 180, 0, 0][..], &[0, 1, 0, 8], b"sw-1", &[0, 4, 0, 8, 0, 0, 0, 8, 0, 6, 0, 11], b"FastIro"].concat();
        let said = |bytes: &[u8]| datagrams(&Fdp, 0, &[(Direction::ToServer, bytes)]).lines;
        assert_eq!(
            said(&message),
            ["sender fdp.device-id sw-1", "sender fdp.capabilities switch", "sender fdp.platform FastIro"]
        );
        for cut in 0..message.len() {
            let _ = said(&message[..cut]);
        }
    }
}
