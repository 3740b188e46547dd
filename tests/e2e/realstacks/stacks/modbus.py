"""pymodbus: a controller of the air handling reads registers and the identification of a meter."""

APT = []
PYPI = ["pymodbus"]


def play(ward):
    ward.need("py:pymodbus")
    meter, controller = ward.host("ahu-meter-3", "28:29:86"), ward.host("bms-ctl-1", "00:10:8d")  # Johnson Controls
    meter.role("serve", tcp=502)
    words = controller.role("read", meter.ip, wait=True)
    assert "PM5560" in words and "17" in words, words
    meter.true = {"maker": "Schneider Electric", "model": "PM5560", "firmware": "2.8.3"}
    ward.talk(controller, meter, "modbus", 502, encryption="cleartext")


def serve():
    from pymodbus import ModbusDeviceIdentification
    from pymodbus.datastore import ModbusDeviceContext, ModbusSequentialDataBlock, ModbusServerContext
    from pymodbus.server import StartTcpServer

    block = ModbusSequentialDataBlock(1, [17] * 100)
    identity = ModbusDeviceIdentification(info_name={
        "VendorName": "Schneider Electric", "ProductCode": "METSEPM5560", "ProductName": "PowerLogic", "ModelName": "PM5560",
        "MajorMinorRevision": "2.8.3"})
    StartTcpServer(ModbusServerContext(ModbusDeviceContext(hr=block)), identity=identity, address=("0.0.0.0", 502))


def read(address):
    from pymodbus.client import ModbusTcpClient

    with ModbusTcpClient(address, port=502) as client:
        print(client.read_holding_registers(0, count=4).registers)
        print(client.write_register(3, 5))
        print(client.read_device_information(read_code=2).information)


ROLES = {"serve": serve, "read": read}
