"""Orthanc: a CT stores a study in it with DCMTK; a reader logs in with the default account and fetches over HTTP."""

import json

APT = ["orthanc", "dcmtk", "curl"]
PYPI = []

PATIENT = {"name": "Thistlewick^Barnaby", "id": "TW-66120935", "birth": "19350522"}
IMAGE = """(0008,0005) CS [ISO_IR 100]
(0008,0016) UI [1.2.840.10008.5.1.4.1.1.2]
(0008,0018) UI [1.2.276.0.7230010.3.1.4.88.1]
(0008,0020) DA [20260101]
(0008,0060) CS [CT]
(0008,0070) LO [SIEMENS]
(0008,1010) SH [CT-RAD-1]
(0008,1090) LO [SOMATOM go.Up]
(0010,0010) PN [{name}]
(0010,0020) LO [{id}]
(0010,0030) DA [{birth}]
(0018,1000) LO [103822]
(0018,1020) LO [syngo CT VA40A]
(0020,000d) UI [1.2.276.0.7230010.3.1.2.88]
(0020,000e) UI [1.2.276.0.7230010.3.1.3.88]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 32
(0028,0011) US 32
(0028,0100) US 8
(0028,0101) US 8
(0028,0102) US 7
(0028,0103) US 0
(7fe0,0010) OB ={pixels}
"""


def play(ward):
    ward.need("Orthanc", "storescu", "findscu", "dump2dcm", "curl")
    modality, server, reader = ward.host("ct-rad-1", "00:18:65"), ward.host("orthanc-pacs", "3c:ec:ef"), ward.host("ws-read-1", "00:74:9c")
    settings = {"Name": "Northward PACS", "StorageDirectory": "/run/orthanc", "IndexDirectory": "/run/orthanc", "RemoteAccessAllowed": True,
                "AuthenticationEnabled": True, "RegisteredUsers": {"orthanc": "orthanc"}, "DicomAet": "NORTHPACS", "DicomPort": 4242,
                "HttpPort": 8042, "Plugins": []}
    server.start("Orthanc", server.write("orthanc.json", json.dumps(settings)), tcp=4242)
    (modality.folder / "pixels").write_bytes(bytes(32 * 32))
    text = modality.write("image.txt", IMAGE.format(pixels=modality.folder / "pixels", **PATIENT))
    modality.run("dump2dcm", "+E", text, "image")
    modality.run("storescu", "-aet", "CT_RAD_1", "-aec", "NORTHPACS", server.ip, "4242", "image")
    url = f"http://{server.ip}:8042"
    reader.run("curl", "-s", url + "/system")
    words = reader.run("curl", "-sf", "-u", "orthanc:orthanc", url + "/patients?expand")
    assert "Thistlewick" in words, words
    server.true = {"ae_title": "NORTHPACS", "software": "Orthanc", "class": "pacs"}
    modality.true = {"maker": "Siemens", "model": "SOMATOM go.Up", "serial": "103822", "firmware": "VA40A", "class": "ct", "station_name": "CT-RAD-1"}
    ward.talk(modality, server, "dicom", 4242, encryption="cleartext", phi=["name", "identifier", "birth_date"])
    ward.talk(reader, server, "http", 8042, encryption="cleartext")
    ward.finding("default-credential", server)
    ward.finding("cleartext-phi", server)
    ward.never("Thistlewick", "Barnaby", PATIENT["id"], PATIENT["birth"])
