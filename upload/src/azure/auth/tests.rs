use super::*;

#[test]
fn connection_strings_are_read_with_suffix_endpoint_or_signature() {
    let of = |text: &str| {
        let Account { name, key, signature, endpoint } = Account::from_connection_string(text);
        [name, key, signature, endpoint].map(Option::unwrap_or_default)
    };
    let suffix = "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=k==;EndpointSuffix=core.windows.net";
    assert_eq!(of(suffix), ["a", "k==", "", "https://a.blob.core.windows.net"]);
    let signed = "BlobEndpoint=http://h:1/a;SharedAccessSignature=sv=1&sig=x%3D";
    assert_eq!(of(signed), ["", "", "sv=1&sig=x%3D", "http://h:1/a"]);
}
