"""Models of the registry: test sets, versions, runs with outputs and scores, studies, reports."""

from evalhub.registry.models.budgets import Reserved, StudyBudget
from evalhub.registry.models.data_reports import StoredDataReport
from evalhub.registry.models.documents import DocumentSet, DocumentText
from evalhub.registry.models.ingestions import Ingestion
from evalhub.registry.models.overlaps import TrainingOverlap
from evalhub.registry.models.production_shares import ProductionShares
from evalhub.registry.models.redactions import Redaction
from evalhub.registry.models.retirements import TestSetRetirement
from evalhub.registry.models.runs import Output, Run, Shard
from evalhub.registry.models.samples import MIRRORED_BUILD, SampledRequest, TrafficSample
from evalhub.registry.models.scores import Metric, RunMetric, Score
from evalhub.registry.models.spending import Spending
from evalhub.registry.models.studies import Study, StudyArm, StudyRun, StudyTestSet
from evalhub.registry.models.testsets import Draw, Item, TestSet, TestSetVersion
from evalhub.registry.models.training_files import TrainingFileLine, TrainingFileVersion
from evalhub.registry.models.versions import Model, ModelVersion

__all__ = [
    "MIRRORED_BUILD",
    "DocumentSet",
    "DocumentText",
    "Draw",
    "Ingestion",
    "Item",
    "Metric",
    "Model",
    "ModelVersion",
    "Output",
    "ProductionShares",
    "Redaction",
    "Reserved",
    "Run",
    "RunMetric",
    "SampledRequest",
    "Score",
    "Shard",
    "Spending",
    "StoredDataReport",
    "Study",
    "StudyArm",
    "StudyBudget",
    "StudyRun",
    "StudyTestSet",
    "TestSet",
    "TestSetRetirement",
    "TestSetVersion",
    "TrafficSample",
    "TrainingFileLine",
    "TrainingFileVersion",
    "TrainingOverlap",
]
