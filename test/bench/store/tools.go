package store

import (
	"os"
	"path/filepath"
	"time"

	"github.com/takeup/takeup/test/bench/store/gateway"
)

// Programs are the paths of the installed programs.
type Programs struct {
	Versitygw string
	Rclone    string
	S5cmd     string
	AWS       string // of the AWS CLI
	Python    string // of the environment that has boto3
}

// ours is the name of Takeup's own tool.
const ours = "Takeup"

// stalled is how long peers that have an option for it wait for a source that sends nothing.
const stalled = "15"

// unsummed is the setting that AWS documents for S3 servers without its newer checksums. Without
// it, botocore sends its trailers inside HTTP's own chunks. versitygw leaves the end of those on
// the connection, and the response to the next request is wrong.
const unsummed = "AWS_REQUEST_CHECKSUM_CALCULATION=when_required"

// tool is a way to copy a URL into S3.
type tool struct {
	name   string
	stages func(job) [][]string
}

// job is a tool's task.
type job struct{ url, bucket, key string }

// tools returns the compared tools, ours first. The directory bin has the built programs, and
// limit is the timeout of the function store.
func tools(p Programs, root, bin string, limit time.Duration) []tool {
	curl := func(url string) []string {
		return []string{"curl", "--fail", "--silent", "--show-error", "--location",
			"--speed-limit", "1024", "--speed-time", stalled, url}
	}
	return []tool{
		{ours, func(j job) [][]string {
			return [][]string{{filepath.Join(bin, "ours"), j.url, j.key, limit.String()}}
		}},
		{"rclone copyurl", func(j job) [][]string {
			return [][]string{{p.Rclone, "copyurl", "--timeout", stalled + "s", j.url, "target:" + j.bucket + "/" + j.key}}
		}},
		{"curl | aws s3 cp -", func(j job) [][]string {
			return [][]string{curl(j.url), {"env", unsummed, p.AWS, "s3", "cp", "--content-type", "video/mp4", "-", "s3://" + j.bucket + "/" + j.key}}
		}},
		{"boto3 upload_fileobj", func(j job) [][]string {
			return [][]string{{"env", unsummed, p.Python, filepath.Join(root, "test/bench/store/boto3/store.py"), j.url, j.bucket, j.key}}
		}},
		{"curl | s5cmd pipe", func(j job) [][]string {
			return [][]string{curl(j.url), {p.S5cmd, "pipe", "--content-type", "video/mp4", "s3://" + j.bucket + "/" + j.key}}
		}},
		{"SDK manager", func(j job) [][]string {
			return [][]string{{filepath.Join(bin, "manager"), j.url, j.bucket, j.key}}
		}},
		{"SDK transfermanager", func(j job) [][]string {
			return [][]string{{filepath.Join(bin, "transfermanager"), j.url, j.bucket, j.key}}
		}},
	}
}

// environment returns the tools' environment: the same for all, and independent of the caller's.
func environment(endpoint, ca, home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home,
		"AWS_REGION=" + gateway.Region, "AWS_DEFAULT_REGION=" + gateway.Region,
		"AWS_ACCESS_KEY_ID=" + gateway.AccessKey, "AWS_SECRET_ACCESS_KEY=" + gateway.SecretKey,
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_ENDPOINT_URL=" + endpoint, "S3_ENDPOINT_URL=" + endpoint,
		"AWS_CA_BUNDLE=" + ca, "SSL_CERT_FILE=" + ca,
		"RCLONE_CONFIG=" + filepath.Join(home, "rclone.conf"), // it doesn't exist
		"RCLONE_CONFIG_TARGET_TYPE=s3", "RCLONE_CONFIG_TARGET_PROVIDER=Other",
		"RCLONE_CONFIG_TARGET_ENV_AUTH=true", "RCLONE_CONFIG_TARGET_REGION=" + gateway.Region,
		"RCLONE_CONFIG_TARGET_ENDPOINT=" + endpoint,
	}
}
