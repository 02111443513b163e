use super::*;

#[test]
fn images_are_read_from_an_answer_as_the_reference_shows_it() {
    let text = r#"<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>
        <imagesSet><item><imageId>ami-1</imageId><imageState>failed</imageState>
        <stateReason><code>Client.InternalError</code><message>It broke.</message></stateReason>
        <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><snapshotId>snap-1</snapshotId></ebs></item>
        </blockDeviceMapping></item><item><imageId>ami-2</imageId><imageState>available</imageState></item></imagesSet>
        </DescribeImagesResponse>"#;
    let found = images(&Reply::text(text));
    let image = |id: &str, state: &str, reason: &str, snapshots: &[&str]| Image {
        id: id.to_owned(),
        state: state.to_owned(),
        reason: reason.to_owned(),
        snapshots: snapshots.iter().map(|id| (*id).to_owned()).collect(),
    };
    let expected =
        [image("ami-1", "failed", "It broke.", &["snap-1"]), image("ami-2", "available", "", &[])];
    assert_eq!(found, expected);
}

proptest::proptest! {
    #[test]
    fn no_answer_panics(body: Vec<u8>, inner: String) {
        images(&Reply { status: 200, headers: Vec::new(), body });
        let reply = Reply::text(&format!("<imagesSet><item>{inner}</item></imagesSet>"));
        images(&reply);
        text(&reply, "imageId");
    }
}
