"""What can't be done with a monitor or an alarm as requested, with what would be right."""


class MonitorError(ValueError):
    """A monitor that can't be made, or changed, as requested; `field` names the field, "" where it
    is none."""

    def __init__(self, message: str, field: str = "") -> None:
        self.message, self.field = message, field
        super().__init__(f"{field}: {message}" if field else message)


class AlarmError(MonitorError):
    """What can't be done with an alarm as requested."""
