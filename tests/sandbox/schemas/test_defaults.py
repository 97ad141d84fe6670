"""Defaults are those that a 1.36 server was seen to fill in."""

from hypothesis import given
from hypothesis import strategies as st

from tutorial.sandbox.resources import DEPLOYMENT, ENDPOINTS, NAMESPACE, POD, REPLICA_SET, SECRET, SERVICE
from tutorial.sandbox.schemas import Schemas


def test_an_external_name_service_gets_no_address_fields(schemas):
    service = schemas.default(
        SERVICE,
        {
            "spec": {
                "type": "ExternalName",
                "externalName": "httpbin.org",
                "ports": [{"name": "http", "port": 80}],
            }
        },
    )

    assert service["spec"] == {
        "externalName": "httpbin.org",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 80}],
        "sessionAffinity": "None",
        "type": "ExternalName",
    }
    assert service["status"] == {"loadBalancer": {}}


def test_a_cluster_ip_service(schemas):
    service = schemas.default(SERVICE, {"spec": {"ports": [{"port": 443}]}})

    assert service["spec"] == {
        "internalTrafficPolicy": "Cluster",
        "ports": [{"port": 443, "protocol": "TCP", "targetPort": 443}],
        "sessionAffinity": "None",
        "type": "ClusterIP",
    }


def test_a_deployment(schemas):
    deployment = schemas.default(
        DEPLOYMENT, {"spec": {"template": {"spec": {"containers": [{"name": "a", "image": "b"}]}}}}
    )

    template = deployment["spec"].pop("template")
    assert deployment["spec"] == {
        "progressDeadlineSeconds": 600,
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}, "type": "RollingUpdate"},
    }
    assert template["spec"] == {
        "containers": [
            {
                "image": "b",
                "imagePullPolicy": "Always",
                "name": "a",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }


def test_a_template_gets_no_token_volume_and_a_pod_does(schemas):
    pod = schemas.default(POD, {"spec": {"containers": [{"name": "a", "image": "b:1"}]}})

    (volume,) = pod["spec"]["volumes"]
    (mount,) = pod["spec"]["containers"][0]["volumeMounts"]
    assert volume["name"] == mount["name"]
    assert volume["name"].startswith("kube-api-access-")
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    assert pod["spec"]["serviceAccountName"] == "default"
    assert [t["key"] for t in pod["spec"]["tolerations"]] == [
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ]
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_pod_may_refuse_the_token(schemas):
    spec = {"automountServiceAccountToken": False, "containers": [{"name": "a", "image": "b:1"}]}

    assert "volumes" not in schemas.default(POD, {"spec": spec})["spec"]


def test_pull_policies_follow_the_tag(schemas):
    images = {
        "curlimages/curl": "Always",
        "host:5000/a": "Always",
        "a:latest": "Always",
        "a:8.16.0": "IfNotPresent",
        "a@sha256:0": "IfNotPresent",
    }
    spec = {"containers": [{"name": f"c{i}", "image": image} for i, image in enumerate(images)]}

    containers = schemas.default(POD, {"spec": spec})["spec"]["containers"]

    assert [c["imagePullPolicy"] for c in containers] == list(images.values())


def test_probes_and_volumes(schemas):
    spec = {
        "containers": [{"name": "a", "image": "b:1", "readinessProbe": {"httpGet": {"port": 15021}}}],
        "volumes": [{"name": "s", "secret": {"secretName": "s"}}, {"name": "e"}],
        "automountServiceAccountToken": False,
    }

    pod = schemas.default(POD, {"spec": spec})["spec"]

    assert pod["containers"][0]["readinessProbe"] == {
        "failureThreshold": 3,
        "httpGet": {"path": "/", "port": 15021, "scheme": "HTTP"},
        "periodSeconds": 10,
        "successThreshold": 1,
        "timeoutSeconds": 1,
    }
    assert pod["volumes"] == [
        {"name": "s", "secret": {"defaultMode": 420, "secretName": "s"}},
        {"name": "e", "emptyDir": {}},
    ]


def test_quality_of_service_follows_the_resources(schemas):
    limits = {"limits": {"cpu": "1", "memory": "1Gi"}}

    def quality(*resources):
        containers = [{"name": f"c{i}", "image": "b:1", "resources": r} for i, r in enumerate(resources)]
        return schemas.default(POD, {"spec": {"containers": containers}})["status"]["qosClass"]

    assert quality(limits) == "Guaranteed"
    assert quality(limits, {}) == "Burstable"
    assert quality({"requests": {"cpu": "1"}}) == "Burstable"


def test_a_secret_s_texts_are_packed(schemas):
    secret = schemas.default(SECRET, {"stringData": {"a": "b"}})

    assert secret["data"] == {"a": "Yg=="}
    assert secret["type"] == "Opaque"
    assert "stringData" not in secret


def test_small_kinds(schemas):
    assert schemas.default(NAMESPACE, {})["spec"] == {"finalizers": ["kubernetes"]}
    assert schemas.default(REPLICA_SET, {})["status"] == {"replicas": 0}
    endpoints = schemas.default(ENDPOINTS, {"subsets": [{"ports": [{"port": 1}]}]})
    assert endpoints["subsets"][0]["ports"] == [{"port": 1, "protocol": "TCP"}]


def test_an_update_keeps_the_address_and_a_move_to_an_external_name_drops_it(schemas):
    old = schemas.default(
        SERVICE, {"spec": {"clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ports": [{"port": 80}]}}
    )

    kept = schemas.prepare_update(SERVICE, old, {"spec": {"ports": [{"port": 81}]}})
    assert kept["spec"]["clusterIPs"] == ["10.96.0.7"]

    moved = schemas.prepare_update(
        SERVICE, old, {"spec": {**old["spec"], "type": "ExternalName", "externalName": "a.b"}}
    )
    assert not {"clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"} & set(
        moved["spec"]
    )


def test_a_changed_address_is_left_for_the_check_to_refuse(schemas):
    old = {"spec": {"type": "ClusterIP", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"]}}
    new = {"spec": {"type": "ClusterIP", "clusterIP": "10.96.0.8", "clusterIPs": ["10.96.0.7"]}}

    assert schemas.prepare_update(SERVICE, old, new)["spec"]["clusterIPs"] == ["10.96.0.8"]


loaded = Schemas.load()
containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abc"), "image": st.sampled_from(["a", "b:1"])},
        optional={
            "ports": st.just([{"containerPort": 80}]),
            "resources": st.sampled_from([{}, {"limits": {"cpu": "1"}}]),
            "livenessProbe": st.just({"exec": {"command": ["true"]}}),
        },
    ),
    max_size=3,
)


@given(st.fixed_dictionaries({"containers": containers}, optional={"hostNetwork": st.booleans()}))
def test_defaults_are_filled_in_once(spec):
    once = loaded.default(POD, {"metadata": {"name": "x"}, "spec": spec})

    assert loaded.default(POD, once) == once
