#!/usr/bin/env python3
"""Collects what must never leave Medwarden out of captures with DICOM and HL7, and checks that it does not.

An independent reader: tshark takes the frames apart and puts the streams together, pydicom and the few lines of HL7 below read
the messages. Nothing of Medwarden's own decoders is used.

    collect.py secrets CAPTURE...                    one secret a line: kind, value, where it stands
    collect.py check --binary MEDWARDEN CAPTURE...   runs `medwarden inspect` in every format and looks for the secrets

Exit codes: 0 nothing leaked, 1 something leaked, 2 usage or a missing tool, 3 a format could not be made.
"""

import argparse
import io
import re
import subprocess
import sys
from pathlib import Path

# Shorter values stand in every text by chance.
SHORTEST = 4

# Words that stand in every report, or are no person's: a value that is nothing else is no secret.
COMMON = {"patient", "wife", "husband", "mother", "father", "office", "home", "none", "unknown", "other", "test", "anonymous"}

# Everything that `medwarden inspect` can write; "observations" is what the sensor hands on.
FORMS = ("text", "json", "html", "csv", "observations")

# Attributes of DICOM that identify or describe a person, by keyword (PS3.15 table E.1-1).
DICOM = {
    "AccessionNumber": "order", "ReferringPhysicianName": "name", "StudyDescription": "text", "SeriesDescription": "text",
    "PerformingPhysicianName": "name", "OperatorsName": "name", "PhysiciansOfRecord": "name", "PatientName": "name",
    "PatientID": "identifier", "PatientBirthDate": "birth date", "OtherPatientIDs": "identifier", "OtherPatientNames": "name",
    "PatientAddress": "contact", "PatientTelephoneNumbers": "contact", "PatientComments": "text", "MedicalAlerts": "text",
    "Allergies": "text", "AdditionalPatientHistory": "text", "AdmissionID": "identifier", "StudyID": "order",
    "StudyInstanceUID": "order", "SOPInstanceUID": "order", "SeriesInstanceUID": "order", "RequestingPhysician": "name",
    "RequestedProcedureDescription": "text", "RequestedProcedureID": "order", "ImageComments": "text",
    "PatientMotherBirthName": "name", "PatientBirthName": "name", "Occupation": "text", "EthnicGroup": "text",
    "ReasonForTheRequestedProcedure": "text", "PlacerOrderNumberImagingServiceRequest": "order",
    "FillerOrderNumberImagingServiceRequest": "order", "ScheduledPerformingPhysicianName": "name", "TextValue": "text",
    "PersonName": "name", "CurrentPatientLocation": "contact", "ProtocolName": "text",
}

# Fields of HL7 v2 that do, by segment and number.
HL7 = {
    "PID": range(2, 31), "NK1": range(2, 40), "PV1": (3, 5, 6, 7, 8, 9, 17, 19, 44, 45, 50, 52), "GT1": range(2, 20),
    "IN1": (8, 16, 18, 19, 36, 49), "ORC": (2, 3, 4, 10, 11, 12, 14, 24), "OBR": (2, 3, 10, 13, 16, 17, 28, 32),
    "OBX": (5, 16), "NTE": (3,), "AL1": (3, 5), "DG1": (3, 4), "RXA": (5, 10), "PRT": (5, 14, 15), "EVN": (5,), "MSH": (10,),
    "MSA": (2,), "SPM": (2,), "TXA": (5, 9, 12), "SCH": (1, 2), "QRD": (8,), "MRG": range(1, 8),
}


def tshark(*arguments):
    try:
        done = subprocess.run(["tshark", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        sys.exit("tshark is not installed")
    return done.stdout


def streams(capture):
    """Every direction of every TCP connection, in order and without what was sent twice."""
    rows = tshark("-r", capture, "-o", "tcp.desegment_tcp_streams:FALSE", "-Y", "tcp.len > 0", "-T", "fields",
                  "-e", "tcp.stream", "-e", "tcp.srcport", "-e", "tcp.seq_raw", "-e", "tcp.payload").decode()
    segments = {}
    for row in rows.splitlines():
        stream, port, sequence, payload = (row.split("\t") + [""] * 4)[:4]
        if payload:
            segments.setdefault((stream, port), []).append((int(sequence), bytes.fromhex(payload)))
    for parts in segments.values():
        parts.sort(key=lambda part: part[0])
        whole, at = b"", parts[0][0]
        for sequence, payload in parts:
            if sequence + len(payload) > at:
                whole += payload[max(0, at - sequence):]
                at = sequence + len(payload)
        yield whole


def of_dicom(stream):
    """Secrets of the data sets in a stream of PDUs (PS3.8 9.3.5)."""
    from pydicom.filereader import read_dataset

    if not re.match(rb"[\x01\x02\x04]\x00", stream):
        return
    # PDVs of one kind in a row are one set: the last-fragment bit closes it.
    at, data = 0, b""
    while at + 6 <= len(stream):
        kind, length = stream[at], int.from_bytes(stream[at + 2:at + 6], "big")
        body, at = stream[at + 6:at + 6 + length], at + 6 + length
        if kind != 4:
            continue
        while len(body) >= 6:
            size, control = int.from_bytes(body[:4], "big"), body[5]
            piece, body = body[6:4 + size], body[4 + size:]
            if control & 1:
                continue
            data += piece
            if not control & 2:
                continue
            for form in forms(data):
                try:
                    yield from of_data_set(read_dataset(io.BytesIO(form[0]), form[1], form[2]))
                    break
                except Exception:  # noqa: BLE001: the next form is tried
                    continue
            data = b""


def forms(data):
    """Bytes, implicit, little endian: as the first element shows, deflated where nothing else fits."""
    import zlib

    if data[4:6].isalpha() and data[4:6].isupper():
        yield data, False, data[1] == 0
    elif data[1:2] == b"\0":
        yield data, True, True
    else:
        yield zlib.decompress(data, -15), False, True


def of_data_set(data_set):
    for element in data_set:
        if element.VR == "SQ":
            for item in element.value or []:
                yield from of_data_set(item)
        elif element.keyword in DICOM and element.value:
            values = element.value if isinstance(element.value, (list, tuple)) else [element.value]
            for value in values:
                text = str(value)
                yield DICOM[element.keyword], text
                for part in re.split(r"[\^=]", text):
                    yield DICOM[element.keyword], part


def of_hl7(stream):
    """Secrets of the messages in a stream, by their own delimiters."""
    for text in (stream.decode(charset, "ignore") for charset in ("utf-8", "utf-16-le")):
        separator, parts = "|", "^~&"
        for line in re.split("[\r\n\x0b\x1c]+", text):
            name = line[:3]
            if name in ("MSH", "FHS", "BHS") and len(line) > 8:
                separator = line[3]
                parts = line[4:].split(separator)[0].replace("\\", "") or "^"
            fields = line.split(separator)
            if name in ("MSH", "FHS", "BHS"):
                fields.insert(1, separator)
            is_device = name == "OBX" and re.search(r"MDC_(ID|ATTR|DEV)_", line)
            for number in () if is_device else HL7.get(name, ()):
                if number < len(fields) and fields[number]:
                    yield f"{name}-{number}", fields[number]
                    for part in re.split("[" + re.escape(parts) + "]", fields[number]):
                        yield f"{name}-{number}", part


def device_words(stream):
    """Texts that Medwarden may rightly show: MSH-3 to -6, and what DICOM says of devices. A secret that is the same is no leak."""
    for text in (stream.decode("latin-1"), stream.decode("utf-16-le", "ignore")):
        for line in re.split("[\r\n\x0b\x1c]+", text):
            if line.startswith("MSH") and len(line) > 8:
                for field in line.split(line[3])[2:6]:
                    yield field
                    yield from field.split("^")


def secrets(captures):
    found, shown = {}, set()
    for capture in captures:
        for stream in streams(str(capture)):
            shown.update(word.strip() for word in device_words(stream))
            for reader in (of_dicom, of_hl7):
                for kind, value in reader(stream):
                    value = value.strip()
                    letters = re.sub(r"[^0-9A-Za-z]", "", value)
                    if len(letters) >= SHORTEST and value.lower() not in COMMON:
                        found.setdefault(value, (kind, set()))[1].add(str(capture))
    return {value: found[value] for value in sorted(found) if value not in shown}


def is_in(value, text):
    """As a whole word: a birth date within a longer number is another number."""
    return re.search(r"(?<![0-9A-Za-z])" + re.escape(value) + r"(?![0-9A-Za-z])", text) is not None


def check(binary, captures, wanted):
    leaks, broken = [], []
    for capture in captures:
        of_capture = [value for value, (_, where) in wanted.items() if str(capture) in where]
        for form in FORMS:
            done = subprocess.run([binary, "inspect", str(capture), "--format", form], capture_output=True, check=False)
            if done.returncode not in (0, 1, 3) or not done.stdout:
                broken.append(f"{capture} {form}: exit {done.returncode} {done.stderr.decode(errors='replace')[:200]}")
            for name, output in ((form, done.stdout), (f"{form}, stderr", done.stderr)):
                text = output.decode(errors="replace")
                # Without the capture's own name, and without the quoting of any form.
                text = text.replace(str(capture), "").replace("\\u0026", "&").replace("&amp;", "&").replace("\\\\", "\\")
                leaks += [(capture, name, wanted[value][0], value) for value in of_capture if is_in(value, text)]
    for capture, form, kind, value in leaks:
        print(f"LEAK {capture}: {kind} {value!r} in {form}")
    for line in broken:
        print(f"BROKEN {line}")
    print(f"{len(captures)} captures, {len(wanted)} secrets, {len(leaks)} leaks, {len(broken)} outputs missing")
    return 1 if leaks else 3 if broken else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("secrets", "check"))
    parser.add_argument("--binary", default="target/debug/medwarden")
    parser.add_argument("captures", nargs="+", type=Path)
    arguments = parser.parse_args()
    wanted = secrets(arguments.captures)
    if arguments.what == "secrets":
        for value, (kind, where) in wanted.items():
            print(kind, value, *sorted(Path(capture).name for capture in where), sep="\t")
        return 0
    return check(arguments.binary, arguments.captures, wanted)


if __name__ == "__main__":
    sys.exit(main())
