"""What a live run is compared with: the same requests by aiohttp alone, answers kept in a list.

python -m tests.benchmarks.bare_client URL REQUESTS AT_ONCE [ARMS]

The requests are asked of so many arms, at once in all.
"""

import asyncio
import sys

import aiohttp


async def main(url: str, requests: int, at_once: int, arms: int) -> None:
    models = ("slow", "other")[:arms]
    questions = ((number, model) for number in range(requests) for model in models)
    answers = []

    async def ask_on(session: aiohttp.ClientSession) -> None:
        for number, model in questions:
            body = {
                "model": model,
                "messages": [{"role": "user", "content": f"Question {number}?"}],
            }
            async with session.post(f"{url}/chat/completions", json=body) as response:
                answers.append((await response.json())["choices"][0]["message"]["content"])

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(ask_on(session))
    assert answers == ["right"] * requests * arms


if __name__ == "__main__":
    asyncio.run(
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int((sys.argv[4:] or "1")[0]))
    )
