"""The figure of a method, where it has one."""

from django import template

from evalhub.report.figures import figure_of

register = template.Library()
register.filter("figure", figure_of)
