from pathlib import Path
import json, random
import pytest
from tests.e2e.test_examples_page import a_desk_queue
from tests.features.data.reports import FILE
from tests.cast import a_version
from evalhub.features.data.requests import FileCheck
from evalhub.declare.data_report import CheckOptions
from evalhub.registry.data_reports import keep_report
from reviews.models import Example
from tests.reviews.examples.queue_steps import at_hand, say
pytestmark=[pytest.mark.browser, pytest.mark.heavy, pytest.mark.django_db(transaction=True)]
OUT=Path("/tmp/shots"); OUT.mkdir(exist_ok=True)
def shot(page,name):
    page.wait_for_timeout(150)
    page.screenshot(path=OUT/f"{name}.png", full_page=True)
@pytest.mark.parametrize("dark,phone",[(False,False),(True,True)])
def test_shots(opens,team,tmp_path,dark,phone):
    tag="phone" if phone else "wide"
    rnd=random.Random(1)
    rows=[json.loads(l) for l in open("evalhub/demo/training.jsonl")]
    rows+=rows[:12]
    rows[5]["messages"][2]["content"]=""
    rows[9]["messages"][1]["content"]+=" my mail is anna@posteo.de"
    rows[20]["messages"][2]["content"]="refund"
    p=tmp_path/"train.jsonl"; p.write_text("".join(json.dumps(r)+"\n" for r in rows))
    report=keep_report(project=team.project,report=FileCheck(path=p,options=CheckOptions(task="classification")).report(),by=team.eva)
    version=a_version(team,"tuned",kind="lora",training={"dataset_sha256":report.sha256,"examples":332})
    q=a_desk_queue(team,examples=6,people=1)
    for action,text in (("accept",None),("edit","Refunds take three days: the money comes back the way it was paid."),("reject",None)):
        say(at_hand(q,team.rui),action,text,reason="It promises two hours." if action=="reject" else "")
    page=opens(team.olga,"/data/",dark=dark,phone=phone)
    base=page.url[:-len("/data/")]
    e=Example.objects.filter(state="accepted").last()
    for name,path in (("data",'/data/'),("check",'/data/check/'),("report",f'/data/{report.pk}/'),("version",f'/versions/{version.pk}/'),("queues",'/examples/'),("queue",f'/examples/queues/{q.pk}/'),("sources",f'/examples/queues/{q.pk}/sources/'),("life",f'/examples/{e.pk}/'),("files",'/training-files/'),("home","/")):
        r=page.goto(base+path); print(tag,name,r.status,page.evaluate("document.documentElement.scrollHeight"))
        shot(page,f"{tag}-{name}")
    page=opens(team.rui,"/reviews/",dark=dark,phone=phone)
    shot(page,f"{tag}-reviewer-home")
    page.get_by_role("link",name="Go on").or_(page.get_by_role("link",name="Begin")).first.click()
    shot(page,f"{tag}-annotate")
