"""DCMTK: an ultrasound echoes, asks a worklist, and stores a study with storescp; all in the clear."""

import pathlib

APT = ["dcmtk"]
PYPI = []

PATIENT = {"name": "Brambleworth^Isidore", "id": "BW-9930417", "birth": "19630917"}
WORKLIST = """(0008,0005) CS [ISO_IR 100]
(0008,0050) SH [ACC884213]
(0010,0010) PN [{name}]
(0010,0020) LO [{id}]
(0010,0030) DA [{birth}]
(0010,0040) CS [M]
(0020,000d) UI [1.2.276.0.7230010.3.2.101]
(0032,1060) LO [US ABDOMEN]
(0040,0100) SQ
(fffe,e000) -
(0008,0060) CS [US]
(0040,0001) AE [US_ROOM2]
(0040,0002) DA [20260101]
(0040,0003) TM [101500]
(0040,0009) SH [SPD3445]
(fffe,e00d) -
(fffe,e0dd) -
(0040,1001) SH [RP454G]
"""
IMAGE = """(0008,0005) CS [ISO_IR 100]
(0008,0016) UI [1.2.840.10008.5.1.4.1.1.6.1]
(0008,0018) UI [1.2.276.0.7230010.3.1.4.77.1]
(0008,0020) DA [20260101]
(0008,0050) SH [ACC884213]
(0008,0060) CS [US]
(0008,0070) LO [Philips Medical Systems]
(0008,0080) LO [Northward Clinic]
(0008,1010) SH [US-ROOM-2]
(0008,1090) LO [EPIQ 7C]
(0010,0010) PN [{name}]
(0010,0020) LO [{id}]
(0010,0030) DA [{birth}]
(0010,0040) CS [M]
(0018,1000) LO [US71830042]
(0018,1020) LO [1.8.2]
(0020,000d) UI [1.2.276.0.7230010.3.1.2.77]
(0020,000e) UI [1.2.276.0.7230010.3.1.3.77]
(0020,0010) SH [77]
(0020,0011) IS [1]
(0020,0013) IS [1]
(0028,0002) US 1
(0028,0004) CS [MONOCHROME2]
(0028,0010) US 64
(0028,0011) US 64
(0028,0100) US 8
(0028,0101) US 8
(0028,0102) US 7
(0028,0103) US 0
"""


def play(ward):
    ward.need("echoscu", "findscu", "storescu", "storescp", "wlmscpfs", "dump2dcm")
    modality = ward.host("us-room-2", "00:09:fb")
    archive = ward.host("store-scp-1", "00:50:56")
    ris = ward.host("ris-mwl-1", "00:0c:29")
    image = dataset(modality, "image", IMAGE + f"(7fe0,0010) OB ={zeros(modality)}\n")
    lists = ris.folder / "worklists" / "RIS_MWL"
    lists.mkdir(parents=True)
    dataset(ris, "worklists/RIS_MWL/one.wl", WORKLIST)
    (lists / "lockfile").touch()

    archive.start("storescp", "-aet", "ARCHIVE1", "-od", archive.folder, "11112", tcp=11112)
    ris.start("wlmscpfs", "-dfp", ris.folder / "worklists", "-dfr", "10104", tcp=10104)
    modality.run("echoscu", "-aet", "US_ROOM2", "-aec", "ARCHIVE1", archive.ip, "11112")
    words = modality.run("findscu", "-v", "-W", "-aet", "US_ROOM2", "-aec", "RIS_MWL", "-k", "0010,0010", "-k", "0010,0020", "-k", "0010,0030",
                         "-k", "0008,0050", "-k", "(0040,0100)[0].Modality=US", ris.ip, "10104")
    assert "Brambleworth" in words, words
    modality.run("storescu", "-aet", "US_ROOM2", "-aec", "ARCHIVE1", archive.ip, "11112", image)

    software = {"software": "DCMTK 3.6"}
    archive.true, ris.true = dict(software), dict(software)
    modality.true = {"maker": "Philips", "model": "EPIQ 7C", "serial": "US71830042", "firmware": "1.8.2", "class": "ultrasound",
                     "station_name": "US-ROOM-2", "ae_title": "US_ROOM2", **software}
    ward.talk(modality, archive, "dicom", 11112, encryption="cleartext", phi=["name", "identifier", "birth_date"])
    ward.talk(modality, ris, "dicom", 10104, encryption="cleartext", phi=["name", "identifier", "birth_date"])
    ward.finding("cleartext-phi", archive)
    ward.finding("cleartext-phi", ris)
    ward.never("Brambleworth", "Isidore", PATIENT["id"], PATIENT["birth"], "ACC884213")


def zeros(host):
    path = pathlib.Path(host.folder / "pixels")
    path.write_bytes(bytes(64 * 64))
    return path


def dataset(host, name, text):
    source = host.write("dataset.txt", text.format(**PATIENT))
    host.run("dump2dcm", "+E", source, host.folder / name)
    return host.folder / name
