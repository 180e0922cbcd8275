"""Projects, as programs see them."""

from datetime import datetime

from evalhub.accounts.models import Project
from evalhub.frames.rest.shapes import ResponseBody, address


class ProjectOut(ResponseBody):
    slug: str
    name: str
    created: datetime
    url: str

    @classmethod
    def of(cls, project: Project) -> "ProjectOut":
        url = address("project", project.slug)
        return cls(slug=project.slug, name=project.name, created=project.created, url=url)
