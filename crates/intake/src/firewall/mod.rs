//! Firewalls, and what switches and hosts log of connections and of those who administer them.

pub(crate) mod cisco;
pub(crate) mod fortinet;
pub(crate) mod meraki;
pub(crate) mod netfilter;
pub(crate) mod paloalto;
pub(crate) mod pfsense;
pub(crate) mod sonicwall;
pub(crate) mod sshd;
#[cfg(test)]
mod tests;
pub(crate) mod unifi;
