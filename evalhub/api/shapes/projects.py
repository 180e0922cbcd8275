"""Projects, as programs see them."""

from datetime import datetime

from evalhub.accounts.models import Project
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import ResponseShape


class ProjectShape(ResponseShape):
    slug: str
    name: str
    created: datetime
    url: str

    @classmethod
    def of(cls, project: Project) -> "ProjectShape":
        url = address("project", project.slug)
        return cls(slug=project.slug, name=project.name, created=project.created, url=url)
