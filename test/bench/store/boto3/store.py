"""Copies a URL into S3 with boto3's upload_fileobj, streaming the body.

boto3 itself is built on urllib3. Arguments: URL, bucket, key.
"""

import sys

import boto3
import urllib3


def main(url: str, bucket: str, key: str) -> None:
    timeout = urllib3.Timeout(connect=10, read=15)
    response = urllib3.PoolManager().request("GET", url, preload_content=False, timeout=timeout, retries=False)
    if response.status != 200:
        sys.exit(f"the source answered {response.status}")
    boto3.client("s3").upload_fileobj(response, bucket, key, ExtraArgs={"ContentType": "video/mp4"})


if __name__ == "__main__":
    main(*sys.argv[1:])
