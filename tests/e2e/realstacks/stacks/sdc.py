"""sdc11073: a monitor as IEEE 11073 SDC provider is discovered, read and subscribed to by a consumer, in the clear."""

APT = []
PYPI = ["sdc11073"]

MDIB = b"""<?xml version="1.0" encoding="UTF-8"?>
<msg:GetMdibResponse xmlns:msg="http://standards.ieee.org/downloads/11073/11073-10207-2017/message"
 xmlns:pm="http://standards.ieee.org/downloads/11073/11073-10207-2017/participant" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 MdibVersion="1" SequenceId="urn:uuid:5c6fa6d4-7a32-4c3a-a4bb-0b1f3ad5a001">
 <msg:Mdib MdibVersion="1" SequenceId="urn:uuid:5c6fa6d4-7a32-4c3a-a4bb-0b1f3ad5a001">
  <pm:MdDescription DescriptionVersion="1">
   <pm:Mds Handle="mds0" DescriptorVersion="1" SafetyClassification="MedB">
    <pm:Type Code="69965"/>
    <pm:SystemContext Handle="sc0" DescriptorVersion="1">
     <pm:PatientContext Handle="pat0" DescriptorVersion="1"/><pm:LocationContext Handle="loc0" DescriptorVersion="1"/>
    </pm:SystemContext>
    <pm:Vmd Handle="vmd0" DescriptorVersion="1"><pm:Channel Handle="ch0" DescriptorVersion="1">
     <pm:Metric xsi:type="pm:NumericMetricDescriptor" Handle="hr" DescriptorVersion="1" MetricCategory="Msrmt" MetricAvailability="Cont" Resolution="1">
      <pm:Type Code="147842"/><pm:Unit Code="264864"/></pm:Metric></pm:Channel></pm:Vmd>
   </pm:Mds>
  </pm:MdDescription>
  <pm:MdState StateVersion="1">
   <pm:State xsi:type="pm:MdsState" StateVersion="1" DescriptorHandle="mds0" DescriptorVersion="1"/>
   <pm:State xsi:type="pm:SystemContextState" StateVersion="1" DescriptorHandle="sc0" DescriptorVersion="1"/>
   <pm:State xsi:type="pm:VmdState" StateVersion="1" DescriptorHandle="vmd0" DescriptorVersion="1" ActivationState="On"/>
   <pm:State xsi:type="pm:ChannelState" StateVersion="1" DescriptorHandle="ch0" DescriptorVersion="1" ActivationState="On"/>
   <pm:State xsi:type="pm:NumericMetricState" StateVersion="1" DescriptorHandle="hr" DescriptorVersion="1" ActivationState="On">
    <pm:MetricValue Value="71"><pm:MetricQuality Validity="Vld"/></pm:MetricValue></pm:State>
  </pm:MdState>
 </msg:Mdib>
</msg:GetMdibResponse>
"""


def play(ward):
    ward.need("py:sdc11073")
    device, consumer = ward.host("m540-icu-4", "00:30:e6"), ward.host("icu-gateway-1", "00:0c:29")  # Draeger
    for host in (device, consumer):
        host.run("ip", "route", "add", "239.0.0.0/8", "dev", "eth0")
    device.role("provide", device.ip, udp=3702)
    words = consumer.role("consume", consumer.ip, wait=True)
    assert "hr" in words, words
    device.true = {"class": "patient_monitor", "location": "NORTH / ICU / 4", "dpws_type": "MedicalDevice", "uuid": "5c6fa6d4-7a32"}
    reason = "the library compresses its answers with gzip, which the decoder does not unpack"
    device.missed = {"model": ("Infinity M540", reason), "serial": ("ASLK-0442", reason), "firmware": ("VG7.1", reason)}
    ward.talk(consumer, "239.255.255.250", "wsd", 3702, transport="udp")
    ward.talk(consumer, device, "http", None, encryption="cleartext", facts={"operation": "GetMdib"})
    ward.talk(device, "239.255.255.250", "wsd", 3702, transport="udp")


def provide(address):
    import time
    import uuid

    from sdc11073.location import SdcLocation
    from sdc11073.mdib import ProviderMdib
    from sdc11073.provider import SdcProvider
    from sdc11073.wsdiscovery import WSDiscovery
    from sdc11073.xml_types.dpws_types import ThisDeviceType, ThisModelType

    discovery = WSDiscovery(address)
    discovery.start()
    model = ThisModelType(manufacturer="Draeger", manufacturer_url="draeger.example", model_name="Infinity M540", model_number="M540")
    this = ThisDeviceType(friendly_name="m540-icu-4", firmware_version="VG7.1", serial_number="ASLK-0442")
    provider = SdcProvider(discovery, model, this, ProviderMdib.from_string(MDIB), uuid.UUID("5c6fa6d4-7a32-4c3a-a4bb-0b1f3ad5a0ff"))
    provider.start_all(start_rtsample_loop=False)
    provider.set_location(SdcLocation(fac="NORTH", poc="ICU", bed="4"))
    provider.publish()
    while True:
        time.sleep(1)


def consume(address):
    from sdc11073.consumer.consumerimpl import SdcConsumer
    from sdc11073.definitions_sdc import SdcV1Definitions
    from sdc11073.mdib import ConsumerMdib
    from sdc11073.wsdiscovery import WSDiscovery

    discovery = WSDiscovery(address)
    discovery.start()
    found = discovery.search_services(types=SdcV1Definitions.MedicalDeviceTypesFilter, timeout=8)
    consumer = SdcConsumer.from_wsd_service(found[0], ssl_context_container=None)
    consumer.start_all()
    mdib = ConsumerMdib(consumer)
    mdib.init_mdib()
    print([str(handle) for handle in mdib.descriptions.handle])
    consumer.stop_all()
    discovery.stop()


ROLES = {"provide": provide, "consume": consume}
