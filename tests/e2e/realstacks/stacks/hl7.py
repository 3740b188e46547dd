"""python-hl7 over MLLP: an admission and a result go from an interface engine to a laboratory system."""

import re
import sys
import time

APT = []
PYPI = ["hl7"]

PATIENT = {"family": "Quillfeather", "given": "Ottoline", "id": "ZQ7741903", "street": "Larkmoor", "phone": "5550147733"}
ADMISSION = ("MSH|^~\\&|ENGINE|NORTHWARD|LABSYS|NORTHLAB|{now}||ADT^A01^ADT_A01|M0001|P|2.5.1\r"
             "EVN|A01|{now}\r"
             "PID|1||{id}^^^NORTH^MR||{family}^{given}||19710429|F|||12 {street} Rd^^Testville^^00000||{phone}\r"
             "PV1|1|I|W4^12^A")
RESULT = ("MSH|^~\\&|ENGINE|NORTHWARD|LABSYS|NORTHLAB|{now}||ORU^R01^ORU_R01|M0002|P|2.5.1\r"
          "PID|1||{id}^^^NORTH^MR||{family}^{given}\r"
          "OBR|1|OX-4431|FX-4432|2345-7^Glucose^LN\r"
          "OBX|1|NM|2345-7^Glucose^LN||5.4|mmol/L|3.9-5.6|N|||F")


def play(ward):
    ward.need("py:hl7")
    receiver, sender = ward.host("lis-app-01", "00:0c:29"), ward.host("mirth-01", "00:50:56")
    receiver.role("receive", "2575", tcp=2575)
    words = sender.role("send", receiver.ip, "2575", wait=True)
    assert words.count("MSA|AA|") == 2, words
    receiver.true = {"class": "clinical_server", "hl7_application": "LABSYS"}
    sender.true = {"hl7_application": "ENGINE"}
    ward.talk(sender, receiver, "hl7", 2575, encryption="cleartext", phi=["name", "identifier", "birth_date", "contact", "clinical"])
    ward.finding("cleartext-phi", receiver)
    ward.never(*PATIENT.values(), "19710429", "OX-4431")


def receive(port):
    import asyncio

    import hl7.mllp

    async def on_message(reader, writer):
        while not writer.is_closing():
            try:
                message = await reader.readmessage()
            except asyncio.IncompleteReadError:
                break
            writer.writemessage(message.create_ack())
            await writer.drain()

    async def serve():
        async with await hl7.mllp.start_hl7_server(on_message, host="0.0.0.0", port=int(port)) as server:
            await server.serve_forever()

    asyncio.run(serve())


def send(address, port):
    from hl7.client import MLLPClient

    with MLLPClient(address, int(port)) as client:
        for message in (ADMISSION, RESULT):
            answer = client.send_message(message.format(now=time.strftime("%Y%m%d%H%M%S"), **PATIENT))
            print(re.sub(rb"[\x0b\x1c\r]", b"\n", answer).decode())
    sys.stdout.flush()


ROLES = {"receive": receive, "send": send}
