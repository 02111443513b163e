"""Amazon's own Python SDK as a judge.

amazon.py look ENDPOINT REGION            images and snapshots that the account has
amazon.py read ENDPOINT REGION SNAPSHOT F the blocks of a snapshot, written to F
amazon.py form ACTION PARAMETERS          the form that the SDK sends for an action
"""

import json
import sys

import boto3
import botocore.serialize
import botocore.session


def client(service, endpoint, region):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def look(endpoint, region):
    ec2 = client("ec2", endpoint, region)
    images = ec2.describe_images(Owners=["self"])["Images"]
    # moto gives every image a snapshot of its own too, which has no tags.
    ours = [{"Name": "tag-key", "Values": ["keelson-version"]}]
    snapshots = ec2.describe_snapshots(OwnerIds=["self"], Filters=ours)["Snapshots"]
    print(
        json.dumps(
            {
                "images": {image["Name"]: image["ImageId"] for image in images},
                "snapshots": [snapshot["SnapshotId"] for snapshot in snapshots],
                "permissions": {
                    image["Name"]: ec2.describe_image_attribute(
                        ImageId=image["ImageId"], Attribute="launchPermission"
                    )["LaunchPermissions"]
                    for image in images
                },
            }
        )
    )


def read(endpoint, region, snapshot, path):
    ebs = client("ebs", endpoint, region)
    blocks = ebs.list_snapshot_blocks(SnapshotId=snapshot)["Blocks"]
    with open(path, "wb") as out:
        for block in blocks:
            found = ebs.get_snapshot_block(
                SnapshotId=snapshot, BlockIndex=block["BlockIndex"], BlockToken=block["BlockToken"]
            )
            out.seek(block["BlockIndex"] * 524288)
            out.write(found["BlockData"].read())


def form(action, parameters):
    model = botocore.session.get_session().get_service_model("ec2")
    serializer = botocore.serialize.create_serializer("ec2")
    request = serializer.serialize_to_request(json.loads(parameters), model.operation_model(action))
    print(json.dumps({name: str(value) for name, value in request["body"].items()}))


{"look": look, "read": read, "form": form}[sys.argv[1]](*sys.argv[2:])
