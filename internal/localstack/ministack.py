"""Starts MiniStack as AWS is met: over TLS.

MiniStack itself is spoken to by plain http on loopback, and the buckets' policies
refuse plain http. A request that doesn't say otherwise counts as one whose TLS was
ended by a proxy on its way here.
"""

import ministack.app

served = ministack.app.app


async def app(scope, receive, send):
    if scope["type"] == "http" and not any(name.lower() == b"x-forwarded-proto" for name, _ in scope["headers"]):
        scope = {**scope, "headers": [*scope["headers"], (b"x-forwarded-proto", b"https")]}
    await served(scope, receive, send)


ministack.app.app = app
ministack.app.main()
