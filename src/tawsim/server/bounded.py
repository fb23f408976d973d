"""How long the head of a request may be, on the wire: the parser in C knows no limit, and keeps what comes until a line ends.

Only bytes are counted here, before any route or guard; bodies are bounded where they are read, by each route.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Bytes that lead to no body and no end of a request: its line, its headers, trailers, what chunks may carry beside their data.
# What arrived in one piece is parsed before it is judged, so a head of up to one piece (256 KiB) more may pass.
MOST_HEAD = 65_536


class Bounded(HttpToolsProtocol):
    """uvicorn's way of speaking HTTP, which hangs up on a head without an end."""

    _head = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came; answer 400 and hang up where it has been all head for too long."""
        self._head += len(data)
        super().data_received(data)
        if self._head > MOST_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of this request is too long.")

    def on_body(self, body: bytes) -> None:
        """It is body that arrives."""
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The next byte begins another request."""
        self._head = 0
        super().on_message_complete()
