"""Compares what medwarden reports with what is true."""

import json
import subprocess

# All forms in which medwarden writes; none may hold what is to be dropped.
FORMS = ["json", "observations", "html", "csv", "text"]


class Outcome:
    def __init__(self, wards, failed):
        self.wrong = {name: [] for name in wards}
        self.right = {name: 0 for name in wards}
        self.elsewhere = []
        for name, reason in failed.items():
            self.wrong.setdefault(name, []).append(f"could not be played: {reason}")

    def say(self, stack, holds, what):
        if holds:
            self.right[stack] += 1
        else:
            self.wrong[stack].append(what)

    def failed_stacks(self):
        return [name for name, wrong in self.wrong.items() if wrong] + (["the whole"] if self.elsewhere else [])


def check(binary, folder, network, wards, failed):
    """Reads the recording in every form, compares, prints; answers the outcome."""
    outcome = Outcome(wards, failed)
    outputs = {form: read(binary, network.capture, folder, form, outcome) for form in FORMS}
    report = json.loads(outputs["json"])
    by_mac = {interface["mac"]: device for device in report["devices"] for interface in device["interfaces"]}
    for name, ward in wards.items():
        if name not in failed:
            check_ward(name, ward, report, by_mac, outcome)
        for value in ward.unsaid:
            held = [form for form, text in outputs.items() if value.casefold() in text.casefold()]
            outcome.say(name, not held, f"{value!r} crossed the wire and stands in the output: {', '.join(held)}")
    strangers(network, report, outcome)
    for name in sorted(outcome.wrong):
        for what in outcome.wrong[name]:
            print(f"wrong    {name}: {what}")
        if not outcome.wrong[name]:
            print(f"ok       {name}: {outcome.right[name]} checks")
    for what in outcome.elsewhere:
        print(f"wrong    {what}")
    frames = sum(source["frames"] for source in report["inputs"])
    print(f"recorded {frames} frames, {network.capture.stat().st_size} bytes; {len(report['devices'])} devices, "
          f"{len(report['conversations'])} conversations, {len(report['findings'])} findings")
    return outcome


def read(binary, capture, folder, form, outcome):
    done = subprocess.run([binary, "inspect", "--format", form, capture], capture_output=True, text=True, timeout=120)
    (folder / f"report.{form}").write_text(done.stdout)
    if done.returncode:
        outcome.elsewhere.append(f"medwarden inspect --format {form}: exit {done.returncode}: {done.stderr[-400:]}")
    return done.stdout


def check_ward(name, ward, report, by_mac, outcome):
    for host in ward.hosts:
        check_host(name, host, by_mac, outcome)
    for talk in ward.talks:
        check_talk(name, talk, report, by_mac, outcome)
    for finding in ward.findings:
        device = by_mac.get(finding["host"].mac, {}).get("id")
        found = any(item["detector"] == finding["detector"] and device in item.get("devices", []) for item in report["findings"])
        outcome.say(name, found, f"no finding {finding['detector']} about {finding['host'].name}")


def check_host(name, host, by_mac, outcome):
    device = by_mac.get(host.mac)
    outcome.say(name, device is not None, f"{host.name} ({host.mac}) was not found")
    if device is None:
        return
    macs = [interface["mac"] for interface in device["interfaces"]]
    outcome.say(name, macs == [host.mac], f"{host.name}: one device with {', '.join(macs)}: others were merged into it")
    addresses = [address["ip"] for address in device.get("addresses", [])]
    if host.ip:
        outcome.say(name, host.ip in addresses, f"{host.name}: address {host.ip} is not among {addresses}")
    for attribute, value in host.true.items():
        said = attribute_values(device, attribute)
        wanted = value.casefold()
        outcome.say(name, any(wanted in text.casefold() for text in said), f"{host.name}: {attribute} is {said}, not {value!r}")
    for attribute, (value, reason) in host.missed.items():
        found = any(value.casefold() in text.casefold() for text in attribute_values(device, attribute))
        outcome.say(name, not found, f"{host.name}: {attribute} is told now: move it from `missed` to `true`")
        print(f"missed   {name}: {host.name}: {attribute} {value!r} is not told: {reason}")


def attribute_values(device, attribute):
    """The values of an attribute, of a list of attributes (software), or of identifiers and facts of that kind."""
    held = device.get(attribute)
    if held is None:
        marks = [*device.get("identifiers", []), *device.get("facts", [])]
        return [mark["value"] for mark in marks if mark["kind"] == attribute]
    return [item["value"] for item in (held if isinstance(held, list) else [held])]


def check_talk(name, talk, report, by_mac, outcome):
    client, server = talk["client"], talk["server"]
    what = f"{client.name} → {getattr(server, 'name', server)} {talk['protocol']} {talk.get('transport', 'tcp')}/{talk['port']}"
    ids = [by_mac.get(host.mac, {}).get("id", "") for host in (client, server) if not isinstance(host, str)]
    between = [one for one in report["conversations"] if is_between(one, ids, server)]
    same = [one for one in between if one["protocol"] == talk["protocol"] and talk["port"] in (None, one.get("port"))
            and one["transport"] == talk.get("transport", "tcp")]
    shown = [f"{one['protocol']} {one['transport']}/{one.get('port')}" for one in between]
    outcome.say(name, len(same) == 1, f"{what}: found {len(same)} times; between these two: {shown}")
    turned = [one for one in report["conversations"] if len(ids) == 2 and is_between(one, ids[::-1], None)
              and one["protocol"] == talk["protocol"] and talk["port"] in (None, one.get("port"))]
    outcome.say(name, not turned or talk.get("mutual"), f"{what}: found with client and server changed round")
    for one in same[:1]:
        if "encryption" in talk:
            outcome.say(name, one["encryption"] == talk["encryption"], f"{what}: encryption is {one['encryption']}")
        kinds = {phi["kind"] for phi in one.get("phi", [])}
        for kind in talk.get("phi", []):
            outcome.say(name, kind in kinds, f"{what}: PHI {kind} crossed in the clear; found {sorted(kinds)}")
        if talk.get("phi") == []:
            outcome.say(name, not kinds, f"{what}: no PHI crossed; found {sorted(kinds)}")
        for kind, value in talk.get("facts", {}).items():
            said = [fact["value"] for fact in one.get("facts", []) if fact["kind"] == kind]
            outcome.say(name, any(value.casefold() in text.casefold() for text in said), f"{what}: {kind} is {said}, not {value!r}")


def is_between(one, ids, server):
    if one["client"].get("device") != ids[0]:
        return False
    return one["server"].get("ip") == server if isinstance(server, str) else one["server"].get("device") == ids[1]


def strangers(network, report, outcome):
    """Each device of the report is one of the hosts: nothing else was there."""
    ours = {host.mac for host in network.hosts}
    for device in report["devices"]:
        macs = {interface["mac"] for interface in device["interfaces"]}
        if not macs & ours:
            addresses = [address["ip"] for address in device.get("addresses", [])]
            outcome.elsewhere.append(f"the report has a device that was not there: {device['id']} {sorted(macs)} {addresses}")
