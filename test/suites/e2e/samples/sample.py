# A client of the provider, following its documentation for Python: the requests library,
# a duration as a string, the old name of aspect_ratio, and polling until the status is
# final.
import sys
import time

import requests

BASE_URL = "https://api.aimlapi.com"
API_KEY = "<YOUR_AIMLAPI_KEY>"
PATH = "/v2/generate/video/kling/generation"
SECONDS_BETWEEN_POLLS = 15
TIMEOUT_SECONDS = 1000

headers = {"Authorization": f"Bearer {API_KEY}"}


def create(prompt):
    body = {"model": "kling-video/v1/pro/text-to-video", "prompt": prompt, "ratio": "16:9", "duration": "5"}
    response = requests.post(BASE_URL + PATH, json=body, headers=headers)
    if response.status_code >= 400:
        sys.exit(f"Error: {response.status_code} - {response.text}")
    return response.json()["id"]


def retrieve(generation_id):
    return requests.get(BASE_URL + PATH, params={"generation_id": generation_id}, headers=headers).json()


def main():
    generation_id = create(sys.argv[1])
    started = time.time()
    while time.time() - started < TIMEOUT_SECONDS:
        generation = retrieve(generation_id)
        if generation["status"] not in ("waiting", "active", "queued", "generating"):
            file = requests.get(generation["video"]["url"])
            with open(sys.argv[2], "wb") as out:
                out.write(file.content)
            print(generation_id)
            return
        time.sleep(SECONDS_BETWEEN_POLLS)
    sys.exit("Timeout reached.")


main()
