//! The OVF descriptor (DSP0243 1.1.0, schema DSP8023): one machine with the devices that the image has drivers for
//! from the start. Members of an item are in the order of the schema, which is that of the alphabet.

use super::Machine;

/// What the descriptor says of the disk.
pub(super) struct Disk {
    /// Bytes of the disk.
    pub(super) capacity: u64,
    /// Bytes that are not zero.
    pub(super) populated: u64,
    /// Bytes of the file.
    pub(super) bytes: u64,
}

/// Members of a device, by name in the order of the alphabet.
type Item = &'static [(&'static str, &'static str)];

/// The devices; the numbers of resource types are CIM's (`CIM_ResourceAllocationSettingData`).
const ITEMS: [Item; 5] = [
    &[
        ("AllocationUnits", "hertz * 10^6"),
        ("Description", "Number of virtual CPUs"),
        ("ElementName", "2 virtual CPUs"),
        ("InstanceID", "1"),
        ("ResourceType", "3"),
        ("VirtualQuantity", "2"),
    ],
    &[
        ("AllocationUnits", "byte * 2^20"),
        ("Description", "Memory size"),
        ("ElementName", "2048 MiB of memory"),
        ("InstanceID", "2"),
        ("ResourceType", "4"),
        ("VirtualQuantity", "2048"),
    ],
    &[
        ("Address", "0"),
        ("Description", "SCSI controller"),
        ("ElementName", "SCSI controller 0"),
        ("InstanceID", "3"),
        ("ResourceSubType", "VirtualSCSI"),
        ("ResourceType", "6"),
    ],
    &[
        ("AddressOnParent", "0"),
        ("ElementName", "Disk 0"),
        ("HostResource", "ovf:/disk/disk0"),
        ("InstanceID", "4"),
        ("Parent", "3"),
        ("ResourceType", "17"),
    ],
    &[
        ("AddressOnParent", "7"),
        ("AutomaticAllocation", "true"),
        ("Connection", "VM Network"),
        ("Description", "Network card on \"VM Network\""),
        ("ElementName", "Network card 0"),
        ("InstanceID", "5"),
        ("ResourceSubType", "VmxNet3"),
        ("ResourceType", "10"),
    ],
];

/// The start of the document, and what stands between the parts that change.
const NAMESPACES: &str = "\
<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<Envelope xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"
  xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\"
  xmlns:rasd=\"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData\"
  xmlns:vssd=\"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_VirtualSystemSettingData\"
  xmlns:vmw=\"http://www.vmware.com/schema/ovf\">
";
const FORMAT: &str = "http://www.vmware.com/interfaces/specifications/vmdk.html#streamOptimized";

/// The text.
pub(super) fn text(machine: &Machine, disk: &Disk) -> String {
    let (name, version) = (escaped(&machine.name), escaped(&machine.version));
    let Disk { capacity, populated, bytes } = disk;
    let items: String = ITEMS.iter().map(|item| device(item)).collect();
    format!(
        "{NAMESPACES}  <References>
    <File ovf:href=\"{file}\" ovf:id=\"file0\" ovf:size=\"{bytes}\"/>
  </References>
  <DiskSection>
    <Info>The disk of the machine</Info>
    <Disk ovf:capacity=\"{capacity}\" ovf:capacityAllocationUnits=\"byte\" ovf:diskId=\"disk0\" \
ovf:fileRef=\"file0\" ovf:format=\"{FORMAT}\" ovf:populatedSize=\"{populated}\"/>
  </DiskSection>
  <NetworkSection>
    <Info>The network of the machine</Info>
    <Network ovf:name=\"VM Network\">
      <Description>Any network with DHCP or router advertisements</Description>
    </Network>
  </NetworkSection>
  <VirtualSystem ovf:id=\"{name}\">
    <Info>A host for containers</Info>
    <Name>{name} {version}</Name>
    <OperatingSystemSection ovf:id=\"101\" vmw:osType=\"other4xLinux64Guest\">
      <Info>Linux on 64 bits</Info>
      <Description>{name}</Description>
    </OperatingSystemSection>
    <VirtualHardwareSection>
      <Info>The devices of the machine</Info>
      <System>
        <vssd:ElementName>Virtual hardware</vssd:ElementName>
        <vssd:InstanceID>0</vssd:InstanceID>
        <vssd:VirtualSystemIdentifier>{name}</vssd:VirtualSystemIdentifier>
        <vssd:VirtualSystemType>vmx-15</vssd:VirtualSystemType>
      </System>
{items}      <vmw:Config ovf:required=\"false\" vmw:key=\"firmware\" vmw:value=\"efi\"/>
    </VirtualHardwareSection>
    <ProductSection>
      <Info>The product</Info>
      <Product>{name}</Product>
      <Version>{version}</Version>
    </ProductSection>
  </VirtualSystem>
</Envelope>
",
        file = super::DISK,
    )
}

fn device(item: Item) -> String {
    let members: String = item
        .iter()
        .map(|(name, value)| format!("        <rasd:{name}>{}</rasd:{name}>\n", escaped(value)))
        .collect();
    format!("      <Item>\n{members}      </Item>\n")
}

/// Text as it stands in an element or attribute of XML.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut to, character| {
        match character {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            other => to.push(other),
        }
        to
    })
}
