# The provider's own SDK, with another base URL, key and polling interval. It prints as
# JSON: the models, the message of a refusal, and the video's job.
import json
import os
import sys

import aimlapi

base_url, prompt, path = sys.argv[1:]
client = aimlapi.AIMLAPI(base_url=base_url, api_key=os.environ["API_TOKEN"])
model = "kling-video/v1/pro/text-to-video"


def refusal(**options):
    try:
        client.videos.generate_with_polling(model=model, prompt=prompt, **options)
    except aimlapi.BadRequestError as error:
        return str(error)
    return ""


seen = []
models = [m.id for m in client.models.list() if m.type == "video"]
refused = refusal(seed=7, enhance_prompt=True)
images = refusal(extra_body={"type": "image-to-video"})
try:
    video = client.videos.generate_with_polling(
        model=model,
        prompt=prompt,
        duration=5,
        aspect_ratio="16:9",
        negative_prompt="rain",
        poll_interval=0.3,
        return_bytes=True,
        status_callback=seen.append,
        extra_body={"type": "text-to-video", "external_task_id": "sdk-1"},
    )
except ValueError as error:
    sys.exit(f"{error}; it saw {seen}")
with open(path, "wb") as out:
    out.write(video)
print(json.dumps({"models": models, "refused": refused, "images": images, "job": seen[0]["id"], "statuses": [s["status"] for s in seen]}))
