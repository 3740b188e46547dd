"""pynetdicom: a CT asks a worklist and reports a performed step; the server is pynetdicom too."""

APT = []
PYPI = ["pynetdicom", "pydicom"]

PATIENT = {"name": "Ravelthorn^Euphemia", "id": "RT-55018824", "birth": "19480211"}


def play(ward):
    ward.need("py:pynetdicom", "py:pydicom")
    modality, server = ward.host("ct-er-1", "20:e7:91"), ward.host("ris-mwl-2", "0c:c4:7a")  # Siemens Healthcare
    server.role("serve", "11113", tcp=11113)
    words = modality.role("ask", server.ip, "11113", wait=True)
    assert "Ravelthorn" in words and "0x0000" in words, words
    server.true = {"ae_title": "RIS_PYND", "software": "pynetdicom"}
    modality.true = {"ae_title": "CT_ER_1", "software": "pynetdicom"}
    ward.talk(modality, server, "dicom", 11113, encryption="cleartext", phi=["name", "identifier", "birth_date"])
    ward.finding("cleartext-phi", server)
    ward.never("Ravelthorn", "Euphemia", PATIENT["id"], PATIENT["birth"])


def serve(port):
    from pydicom.dataset import Dataset
    from pynetdicom import AE, evt
    from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind, Verification

    def find(event):
        step = Dataset()
        step.ScheduledStationAETitle, step.Modality, step.ScheduledProcedureStepStartDate = "CT_ER_1", "CT", "20260101"
        entry = Dataset()
        entry.PatientName, entry.PatientID, entry.PatientBirthDate = PATIENT["name"], PATIENT["id"], PATIENT["birth"]
        entry.AccessionNumber, entry.ScheduledProcedureStepSequence = "ACC-77120", [step]
        yield 0xFF00, entry

    def create(event):
        return 0x0000, event.attribute_list

    server = AE(ae_title="RIS_PYND")
    for context in (Verification, ModalityWorklistInformationFind, ModalityPerformedProcedureStep):
        server.add_supported_context(context)
    server.start_server(("0.0.0.0", int(port)), evt_handlers=[(evt.EVT_C_FIND, find), (evt.EVT_N_CREATE, create)])


def ask(address, port):
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid
    from pynetdicom import AE
    from pynetdicom.sop_class import ModalityPerformedProcedureStep, ModalityWorklistInformationFind, Verification

    client = AE(ae_title="CT_ER_1")
    for context in (Verification, ModalityWorklistInformationFind, ModalityPerformedProcedureStep):
        client.add_requested_context(context)
    association = client.associate(address, int(port), ae_title="RIS_PYND")
    assert association.is_established
    association.send_c_echo()
    step = Dataset()
    step.Modality = "CT"
    query = Dataset()
    query.PatientName, query.PatientID, query.PatientBirthDate, query.ScheduledProcedureStepSequence = "*", "", "", [step]
    for status, entry in association.send_c_find(query, ModalityWorklistInformationFind):
        if entry:
            print(entry)
    performed = Dataset()
    performed.PatientName, performed.PatientID = PATIENT["name"], PATIENT["id"]
    performed.PerformedStationAETitle, performed.Modality, performed.PerformedProcedureStepStatus = "CT_ER_1", "CT", "IN PROGRESS"
    status, _ = association.send_n_create(performed, ModalityPerformedProcedureStep, generate_uid())
    print(f"{status.Status:#06x}")
    association.release()


ROLES = {"serve": serve, "ask": ask}
