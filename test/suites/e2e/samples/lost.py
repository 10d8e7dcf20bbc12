# The provider's own SDK with its defaults, which requests the same video twice on
# purpose. It prints the job of each call as JSON.
import json
import os
import sys

import aimlapi

base_url, prompt = sys.argv[1:]
client = aimlapi.AIMLAPI(base_url=base_url, api_key=os.environ["API_TOKEN"])
jobs = []
for _ in range(2):
    seen = []
    client.videos.generate_with_polling(
        model="kling-video/v1/pro/text-to-video", prompt=prompt, duration=5, poll_interval=0.3, status_callback=seen.append
    )
    jobs.append(seen[0]["id"])
print(json.dumps(jobs))
