"""bacpypes3: a workstation looks for BACnet devices and reads what one is."""

APT = []
PYPI = ["bacpypes3"]


def play(ward):
    ward.need("py:bacpypes3")
    device, workstation = ward.host("vav-or-2", "00:10:8d"), ward.host("bms-ws-1", "00:74:9c")
    common = ("--vendoridentifier", "999")
    device.role("serve", *common, "--name", "VAV-OR-2", "--instance", "40217", "--address", f"{device.ip}/24", udp=47808)
    words = workstation.role("ask", device.ip, *common, "--name", "BMS-WS-1", "--instance", "40001", "--address", f"{workstation.ip}/24", wait=True)
    assert "VAV-OR-2" in words and "FX-PCV1628" in words, words
    ward.talk(workstation, device, "bacnet", 47808, transport="udp", encryption="cleartext")
    device.true = {"product_name": "VAV-OR-2", "model": "FX-PCV1628", "firmware": "10.4.2"}


def application(arguments):
    from bacpypes3.app import Application
    from bacpypes3.argparse import SimpleArgumentParser

    return Application.from_args(SimpleArgumentParser().parse_args(list(arguments)))


def serve(*arguments):
    import asyncio

    async def run():
        app = application(arguments)
        app.device_object.modelName = "FX-PCV1628"
        app.device_object.firmwareRevision = "10.4.2"
        app.device_object.applicationSoftwareVersion = "10.4.2.9"
        await asyncio.Event().wait()

    asyncio.run(run())


def ask(address, *arguments):
    import asyncio

    async def run():
        app = application(arguments)
        found = await app.who_is(40000, 41000)
        print([str(one.iAmDeviceIdentifier) for one in found])
        for name in ("object-name", "model-name", "firmware-revision", "application-software-version"):
            print(name, await app.read_property(address, "device,40217", name))

    asyncio.run(run())


ROLES = {"serve": serve, "ask": ask}
