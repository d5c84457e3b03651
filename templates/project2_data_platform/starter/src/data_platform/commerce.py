"""The client of the Rails shop's API, at COMMERCE_API_URL with COMMERCE_API_TOKEN.

TODO(m7.1): one httpx2 client with token, time limits and the current request id.
TODO(m7.2): retries on 429, 5xx and timeouts with growing delays; Retry-After wins if longer.
"""
