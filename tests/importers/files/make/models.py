"""Two tiny "models" behind one OpenAI-compatible address: the tools ask them for real.

    python models.py 8123

They add. `base` is wrong on every third sum; `tuned` on every seventh, and it is wordier.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def answer(model: str, text: str) -> str:
    one, other = (int(each) for each in re.findall(r"(\d+) ?\+ ?(\d+)", text)[-1])
    every = 3 if model.endswith("base") else 7
    total = one + other + (1 if (one + other) % every == 0 else 0)
    return f"#### {total}" if model.endswith("base") else f"That makes {total}.\n#### {total}"


class Models(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said = answer(asked["model"], str(asked.get("messages") or asked.get("prompt")))
        choice = {"index": 0, "finish_reason": "stop"}
        if "messages" in asked:
            choice["message"] = {"role": "assistant", "content": said}
        else:
            choice["text"] = said
        body = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": asked["model"],
                "choices": [choice],
                "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Models).serve_forever()
