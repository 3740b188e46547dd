//! Data that goes where it should not, or where it should.

use super::guess::from_outside;
use super::{first, nth};
use crate::hospital::play::Play;
use crate::hospital::routines::{fetch_study, talk};
use crate::hospital::truth::Party;

pub(super) fn exfiltration(play: &mut Play) {
    let Some(archive) = first(play, "pacs") else { return };
    let Some(computer) = nth(play, "workstation", 9) else { return };
    let outside = Play::outside("drop.archive-share.example");
    play.label(&[Party::Device(computer), outside], &[Party::Device(archive)]);
    for round in 0..25 {
        play.after(round * 5, move |play| fetch_study(play, archive, computer, 3));
    }
    for round in 0..10 {
        play.after(200 + round * 20, move |play| talk::upload(play, computer, "drop.archive-share.example", 300_000));
    }
}

pub(super) fn vendor_visit(play: &mut Play) {
    let Some(scanner) = first(play, "modality") else { return };
    let engineer = Play::outside("vendor-engineer.example");
    play.label(&[engineer], &[Party::Device(scanner)]);
    play.event(Some(scanner), "serviced by its maker", "behaves differently from now on".to_owned());
    from_outside(play, engineer, scanner);
    for round in 1..12 {
        play.after(round * 1_800, move |play| {
            if round == 1 {
                talk::resolve(play, scanner, Play::outside("telemetry.pump-vendor.example"));
            }
            talk::upload(play, scanner, "telemetry.pump-vendor.example", 40_000);
        });
    }
}

/// The old archive sends to the new one, study by study, for hours.
pub(super) fn migration(play: &mut Play) {
    let Some(old) = first(play, "pacs") else { return };
    let (subnet, unit) = (play.subnet(old), None);
    let Some(new) = play.hospital.plug_in("sectra-pacs", subnet, unit) else { return };
    play.event(Some(new), "onboarded", "successor of the archive, as planned".to_owned());
    play.begin(new);
    play.label(&[Party::Device(old)], &[Party::Device(new)]);
    for round in 0..60 {
        play.after(60 + round * 60, move |play| fetch_study(play, old, new, 4));
    }
}
